namespace TokenRefresh;

/// <summary>
/// Callbacks about what happened to a login. They run in order, when the refresh or the save they tell of is over and the lock given back;
/// a slow or throwing one delays nobody.
/// </summary>
/// <remarks>Set them before the provider is made. What a callback throws is logged and goes no further.</remarks>
public sealed class TokenRefreshEvents
{
    internal TokenRefreshEvents()
    {
    }

    /// <summary>Gets or sets the callback for a pair this process obtained.</summary>
    public Func<TokensRefreshedEvent, ValueTask>? Refreshed { get; set; }

    /// <summary>Gets or sets the callback for a pair that another process or a login had stored.</summary>
    public Func<TokensAdoptedEvent, ValueTask>? Adopted { get; set; }

    /// <summary>Gets or sets the callback for a new pair that could not be saved and is kept in memory.</summary>
    public Func<SaveFailedEvent, ValueTask>? SaveFailed { get; set; }

    /// <summary>Gets or sets the callback for a new pair that was dropped because the login was ended or replaced meanwhile.</summary>
    public Func<TokensDiscardedEvent, ValueTask>? TokensDiscarded { get; set; }

    /// <summary>Gets or sets the callback for a login that needs its user.</summary>
    public Func<SignInRequiredEvent, ValueTask>? SignInRequired { get; set; }
}
