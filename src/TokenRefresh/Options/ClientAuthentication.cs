namespace TokenRefresh;

/// <summary>How the client authenticates at the token endpoint (RFC 6749 section 2.3, names of RFC 7591).</summary>
public enum ClientAuthentication
{
    /// <summary><c>none</c>: a public client; <c>client_id</c> stands in the body.</summary>
    None,

    /// <summary><c>client_secret_basic</c>: identifier and secret in the <c>Authorization</c> header, each form-encoded first.</summary>
    ClientSecretBasic,

    /// <summary><c>client_secret_post</c>: identifier and secret in the body.</summary>
    ClientSecretPost,
}
