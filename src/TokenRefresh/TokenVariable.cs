namespace TokenRefresh;

/// <summary>Names an environment variable that may hold an access token, and the header that carries it. Immutable.</summary>
/// <param name="Name">The variable, such as <c>CLAUDE_CODE_OAUTH_TOKEN</c>.</param>
/// <param name="HeaderName">
/// The header. Default <c>Authorization</c>, with the scheme <c>Bearer</c>; in any other, such as <c>x-api-key</c>, the value stands alone.
/// </param>
public sealed record TokenVariable(string Name, string HeaderName = AccessToken.DefaultHeaderName);
