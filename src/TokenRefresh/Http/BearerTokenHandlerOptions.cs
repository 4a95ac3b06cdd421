namespace TokenRefresh;

/// <summary>Configures <see cref="BearerTokenHandler"/>. Read at construction.</summary>
public sealed class BearerTokenHandlerOptions
{
    /// <summary>The key of a request's option that sends this request untouched: no token is attached and no 401 is retried.</summary>
    /// <example><c>request.Options.Set(BearerTokenHandlerOptions.Skip, true);</c></example>
    public static readonly HttpRequestOptionsKey<bool> Skip = new(SkipKey);

    internal const string SkipKey = "TokenRefresh.Skip";

    /// <summary>Gets the origins the token may go to, such as <c>https://api.example.com</c>; scheme, host and port must match.</summary>
    /// <value>Default empty: any <c>https</c> origin, and loopback. Elsewhere a request passes without a token and is not retried.</value>
    public ISet<string> AllowedOrigins { get; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Gets or sets which answers mean that the token was rejected.</summary>
    /// <value>
    /// Default <see langword="null"/>: status 401, unless a Bearer or DPoP challenge (the <c>WWW-Authenticate</c> header, RFC 6750 section
    /// 3) says <c>insufficient_scope</c>, <c>insufficient_user_authentication</c> or <c>use_dpop_nonce</c>; and gRPC's status 16 in an
    /// answer of trailers only. Called by many requests at once; what it throws, the caller of the request gets.
    /// </value>
    public Func<HttpResponseMessage, bool>? ShouldRefresh { get; set; }

    /// <summary>Gets or sets up to how many bytes of a body that cannot be produced twice are kept, so that it can be sent twice.</summary>
    /// <value>
    /// Default 1,048,576 (1 MiB); 0 to <see cref="int.MaxValue"/>. A body of known length within the limit is buffered before it is sent,
    /// one of unknown length is copied while it is sent. A longer one is sent as it is, and its 401 is returned.
    /// </value>
    public int BufferLimit { get; set; } = 1024 * 1024;

    /// <summary>Gets or sets whether a rejected request is sent once more with another token.</summary>
    /// <value>
    /// Default <see langword="true"/>. With <see langword="false"/> the 401 is returned, and the next request has the new token.
    /// </value>
    public bool RetryOnUnauthorized { get; set; } = true;
}
