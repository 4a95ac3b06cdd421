namespace TokenRefresh;

/// <summary>How the body of a token request is written.</summary>
public enum TokenRequestFormat
{
    /// <summary><c>application/x-www-form-urlencoded</c>, as RFC 6749 demands.</summary>
    Form,

    /// <summary><c>application/json</c>, which some servers want.</summary>
    Json,
}
