namespace TokenRefresh;

/// <summary>
/// Callbacks about what happened to a login. They run in order, when the refresh or the save they tell of is over and the lock given back;
/// a slow or throwing one delays no caller.
/// </summary>
/// <remarks>Set them before the provider is made. What a callback throws is logged and goes no further.</remarks>
public sealed class TokenRefreshEvents
{
    internal TokenRefreshEvents()
    {
    }

    /// <summary>Gets or sets the callback for tokens that this process obtained.</summary>
    public Func<TokensRefreshedEvent, ValueTask>? Refreshed { get; set; }

    /// <summary>Gets or sets the callback for tokens of another process or a sign-in that replace those this provider had.</summary>
    public Func<TokensAdoptedEvent, ValueTask>? Adopted { get; set; }

    /// <summary>Gets or sets the callback for new tokens that could not be saved and are kept in memory.</summary>
    public Func<SaveFailedEvent, ValueTask>? SaveFailed { get; set; }

    /// <summary>Gets or sets the callback for new tokens that were discarded because the login was ended or replaced.</summary>
    public Func<TokensDiscardedEvent, ValueTask>? TokensDiscarded { get; set; }

    /// <summary>Gets or sets the callback for a login whose user must sign in again.</summary>
    public Func<SignInRequiredEvent, ValueTask>? SignInRequired { get; set; }

    /// <summary>Gets or sets the callback for a file that held no JSON and was moved aside by a sign-in or sign-out.</summary>
    public Func<DamagedFileMovedEvent, ValueTask>? DamagedFileMoved { get; set; }

    internal TokenRefreshEvents Snapshot() => (TokenRefreshEvents)MemberwiseClone();
}
