namespace TokenRefresh;

/// <summary>How a service keeps a login ahead of its expiry.</summary>
public sealed class KeepFreshOptions
{
    /// <summary>Gets or sets how long before its expiry the access token is replaced, or up to a fifth of that later.</summary>
    /// <value>
    /// Default 10 minutes; 30 seconds to 1 day. Each process draws its own moment in that fifth, so that the first one refreshes and the
    /// others take its token. Must be well above <see cref="TokenRefreshOptions.RefreshBeforeExpiration"/>, or requests refresh first. A
    /// token that lives for less than two margins is replaced when half of its life is over.
    /// </value>
    public TimeSpan Margin { get; set; } = TimeSpan.FromMinutes(10);
}
