namespace TokenRefresh.Testing;

/// <summary>A login as the server issued it: the first pair of a new family.</summary>
/// <param name="Id">The login's name in the books, such as <c>login-1</c>.</param>
/// <param name="Credentials">The pair with scope and expiries.</param>
public sealed record IssuedLogin(string Id, OAuthCredentials Credentials)
{
    /// <summary>Gets the first access token.</summary>
    public string AccessToken => Credentials.AccessToken;

    /// <summary>Gets the first refresh token.</summary>
    public string RefreshToken => Credentials.RefreshToken!;
}
