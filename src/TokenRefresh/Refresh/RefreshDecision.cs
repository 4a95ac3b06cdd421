using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>What to do about a login, and why. Immutable.</summary>
internal sealed class RefreshDecision(RefreshAction action)
{
    internal static readonly RefreshDecision Use = new(RefreshAction.Use);

    internal static readonly RefreshDecision Refresh = new(RefreshAction.Refresh);

    internal static readonly RefreshDecision Replay = new(RefreshAction.Replay);

    internal static readonly RefreshDecision NotRefreshable = new(RefreshAction.NotRefreshable);

    internal static readonly RefreshDecision BoundToKey = new(RefreshAction.BoundToKey);

    internal static readonly RefreshDecision UserLogin = new(RefreshAction.UserLogin);

    internal static readonly RefreshDecision Update = new(RefreshAction.Update);

    internal readonly RefreshAction Action = action;

    /// <summary>Why the user must sign in.</summary>
    internal SignInRequiredReason? SignInReason;

    /// <summary>The hold that is the reason, if it is one.</summary>
    internal Hold? Hold;

    /// <summary>When a wait ends, where that is known.</summary>
    internal DateTimeOffset? Until;

    internal bool IsRefresh => Action is RefreshAction.Refresh or RefreshAction.Replay;

    /// <summary>Gets whether the stored access token could be served for the moment.</summary>
    internal bool IsServable => !IsLoginGone && Action is not (RefreshAction.BoundToKey or RefreshAction.UserLogin);

    /// <summary>Gets whether the store holds no login.</summary>
    internal bool IsLoginGone =>
        SignInReason is SignInRequiredReason.NothingStored or SignInRequiredReason.SignedOut or SignInRequiredReason.RolledBack;

    internal static RefreshDecision SignIn(SignInRequiredReason reason, Hold? hold = null) =>
        new(RefreshAction.SignIn) { SignInReason = reason, Hold = hold };

    internal static RefreshDecision Wait(Hold hold) => new(RefreshAction.Wait) { Hold = hold, Until = hold.Until };

    /// <summary>What is left of any other decision to a provider that only follows the login.</summary>
    internal static RefreshDecision AwaitOwner(RefreshDecision other) => new(RefreshAction.AwaitOwner)
    {
        SignInReason = other.SignInReason,
        Hold = other.Hold,
        Until = other.Until,
    };

    internal static RefreshDecision WaitForOutcome(DateTimeOffset? until) => new(RefreshAction.WaitForOutcome) { Until = until };
}
