namespace TokenRefresh;

/// <summary>Represents an access token (RFC 6749 section 1.4) together with the header that carries it. Immutable.</summary>
/// <remarks>Safe for use by any number of threads. <see cref="ToString"/> never shows the token.</remarks>
public sealed class AccessToken
{
    /// <summary>The header used when none is named: <c>Authorization</c>.</summary>
    public const string DefaultHeaderName = "Authorization";

    /// <summary>The token type used when none is named: <c>Bearer</c> (RFC 6750).</summary>
    public const string DefaultTokenType = "Bearer";

    /// <summary>The token type, and the scheme, of a token that is bound to a key (RFC 9449).</summary>
    internal const string BoundTokenType = "DPoP";

    /// <summary>What <see cref="DPoPKey"/> is.</summary>
    internal DPoPKey? Key;

    /// <summary>The clock of its proofs; <see langword="null"/> for the system's.</summary>
    internal TimeProvider? Time;

    /// <summary>Creates an access token; meant for tests, fakes and other implementations of <see cref="ITokenProvider"/>.</summary>
    /// <param name="value">The token as the server issued it: printable ASCII (RFC 6749 appendix A.12), not blank.</param>
    /// <param name="expiresAt">When the token expires, or <see langword="null"/> if that is unknown; such a token is used until a resource
    /// rejects it.</param>
    /// <param name="tokenType">The authentication scheme (RFC 9110 section 11.1); default <c>Bearer</c>.</param>
    /// <param name="headerName">The header that carries the token; default <c>Authorization</c>. In any other header the token stands
    /// alone, without its scheme.</param>
    /// <exception cref="ArgumentException">An argument is empty, <paramref name="value"/> is blank or holds a character that no header may
    /// hold, or <paramref name="tokenType"/> is no scheme.</exception>
    public AccessToken(
        string value,
        DateTimeOffset? expiresAt = null,
        string tokenType = DefaultTokenType,
        string headerName = DefaultHeaderName)
    {
        ThrowIfItCannotBeSent(value, nameof(value));
        ArgumentException.ThrowIfNullOrEmpty(tokenType);
        ArgumentException.ThrowIfNullOrEmpty(headerName);
        if (!OptionText.IsToken(tokenType))
        {
            throw new ArgumentException("The token type holds a character that no authentication scheme may hold.", nameof(tokenType));
        }

        Value = value;
        ExpiresAt = expiresAt;
        TokenType = tokenType;
        HeaderName = headerName;
        HeaderValue = string.Equals(headerName, DefaultHeaderName, StringComparison.OrdinalIgnoreCase) ? $"{tokenType} {value}" : value;
    }

    /// <summary>Gets the token itself. A secret: never log it.</summary>
    public string Value { get; }

    /// <summary>Gets the authentication scheme, usually <c>Bearer</c>.</summary>
    public string TokenType { get; }

    /// <summary>Gets the moment of expiry by the wall clock, or <see langword="null"/> if the server named none.</summary>
    public DateTimeOffset? ExpiresAt { get; }

    /// <summary>Gets the name of the header that carries the token.</summary>
    public string HeaderName { get; }

    /// <summary>Gets the complete header value, built once. A secret: never log it.</summary>
    public string HeaderValue { get; }

    /// <summary>
    /// Gets the key with which each request that carries this token has to prove that it is the login's own (DPoP, RFC 9449);
    /// <see langword="null"/> for a token that needs no proof. A secret: never log it.
    /// </summary>
    /// <remarks><see cref="BearerTokenHandler"/> makes the proofs. Without it, <see cref="DPoPKey.CreateProof"/> does, with
    /// <see cref="Value"/> as its access token, for the header <see cref="DPoPKey.ProofHeaderName"/>.</remarks>
    public DPoPKey? DPoPKey
    {
        get => Key;
        init => Key = value;
    }

    /// <summary>Tells whether a token can stand in a header (RFC 6749 appendix A.12).</summary>
    internal static bool CanBeSent(string value) =>
        !string.IsNullOrWhiteSpace(value) && !value.AsSpan().ContainsAnyExceptInRange(' ', '~');

    /// <exception cref="ArgumentException">No header may carry it.</exception>
    internal static void ThrowIfItCannotBeSent(string value, string parameterName)
    {
        ArgumentException.ThrowIfNullOrEmpty(value, parameterName);
        if (!CanBeSent(value))
        {
            throw new ArgumentException(
                "The access token is blank or holds other characters than printable ASCII, which no HTTP header may carry.",
                parameterName);
        }
    }

    /// <summary>Gets the scheme for a token type as a server or a file names it, or <see langword="null"/> if that cannot be one.</summary>
    /// <remarks>
    /// RFC 6749 section 5.1 compares the type without case, but many resource servers take 'Bearer' only, and many token endpoints say
    /// 'bearer'.
    /// </remarks>
    internal static string? SchemeOf(string? tokenType) =>
        string.Equals(tokenType, DefaultTokenType, StringComparison.OrdinalIgnoreCase) ? DefaultTokenType
        : OptionText.IsToken(tokenType) ? tokenType
        : null;

    /// <summary>Tells whether a token of this type only works with a proof by a key (RFC 9449).</summary>
    internal static bool IsBoundToKey(string? tokenType) =>
        tokenType is not null && tokenType.Trim().Equals(BoundTokenType, StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns type and expiry, never the token.</summary>
    /// <returns>A text that is safe to log.</returns>
    public override string ToString() =>
        ExpiresAt is { } at ? $"{TokenType} access token, expires {at:O}" : $"{TokenType} access token, expiry unknown";
}
