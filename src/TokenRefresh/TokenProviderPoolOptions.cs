namespace TokenRefresh;

/// <summary>How long a <see cref="TokenProviderPool"/> keeps providers.</summary>
public sealed class TokenProviderPoolOptions
{
    /// <summary>Gets or sets how many providers are kept, used or not.</summary>
    /// <value>
    /// Default 10,000; 1 to <see cref="int.MaxValue"/>. With more keys than that, the least recently used idle ones go early; those in use
    /// all stay.
    /// </value>
    public int Capacity { get; set; } = 10_000;

    /// <summary>Gets or sets after which time without a call a provider goes.</summary>
    /// <value>Default 10 minutes; 1 second to 1 day. The next call reads the stored login again, and refreshes only if that is due.</value>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(10);
}
