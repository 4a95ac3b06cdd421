namespace TokenRefresh;

/// <summary>How the client authenticates at the token endpoint (RFC 6749 section 2.3; names of RFC 7591, but for the last).</summary>
public enum ClientAuthentication
{
    /// <summary><c>none</c>: a public client; <c>client_id</c> stands in the body.</summary>
    None,

    /// <summary><c>client_secret_basic</c>: identifier and secret in the <c>Authorization</c> header, each form-encoded first.</summary>
    ClientSecretBasic,

    /// <summary><c>client_secret_post</c>: identifier and secret in the body.</summary>
    ClientSecretPost,

    /// <summary>
    /// <c>client_assertion</c> (RFC 7523 section 2.2; <c>private_key_jwt</c> and its like): identifier and a signed assertion in the body,
    /// which <see cref="TokenRefreshOptions.ClientAssertion"/> makes.
    /// </summary>
    ClientAssertion,
}
