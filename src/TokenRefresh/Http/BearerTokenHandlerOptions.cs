namespace TokenRefresh;

/// <summary>Configures <see cref="BearerTokenHandler"/>. Read at construction.</summary>
public sealed class BearerTokenHandlerOptions
{
    /// <summary>The key of a request's option that sends this request untouched: no token is attached and no 401 is retried.</summary>
    /// <example><c>request.Options.Set(BearerTokenHandlerOptions.Skip, true);</c></example>
    public static readonly HttpRequestOptionsKey<bool> Skip = new("TokenRefresh.Skip");

    /// <summary>Gets the origins the token may go to, such as <c>https://api.example.com</c>; scheme, host and port must match.</summary>
    /// <value>Default empty: any <c>https</c> origin, and loopback. Elsewhere a request passes without a token and is not retried.</value>
    public ISet<string> AllowedOrigins { get; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Gets or sets which answers mean that the token was rejected.</summary>
    /// <value>Default <see langword="null"/>: status 401, unless its challenge (the <c>WWW-Authenticate</c> header, RFC 6750 section 3) says <c>insufficient_scope</c>. Called by many requests at once; what it throws, the caller of the request gets.</value>
    public Func<HttpResponseMessage, bool>? ShouldRefresh { get; set; }

    /// <summary>Gets or sets up to how many bytes of a body that cannot be sent twice are buffered, so that it can.</summary>
    /// <value>Default 0: such a body is not buffered, and its 401 is returned; up to <see cref="int.MaxValue"/>.</value>
    public int BufferLimit { get; set; }

    /// <summary>Gets or sets whether a rejected request is sent once more with another token.</summary>
    /// <value>Default <see langword="true"/>. With <see langword="false"/> the 401 is returned, and the next request has the new token.</value>
    public bool RetryOnUnauthorized { get; set; } = true;
}
