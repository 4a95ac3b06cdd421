using TokenRefresh.Record;

namespace TokenRefresh.Refresh;

/// <summary>What to do about a login, and why. Immutable.</summary>
internal sealed class RefreshDecision(RefreshAction action)
{
    internal static RefreshDecision Use { get; } = new(RefreshAction.Use);

    internal static RefreshDecision Refresh { get; } = new(RefreshAction.Refresh);

    internal static RefreshDecision Replay { get; } = new(RefreshAction.Replay);

    internal static RefreshDecision NotRefreshable { get; } = new(RefreshAction.NotRefreshable);

    internal static RefreshDecision BoundToKey { get; } = new(RefreshAction.BoundToKey);

    internal static RefreshDecision UserLogin { get; } = new(RefreshAction.UserLogin);

    internal static RefreshDecision Update { get; } = new(RefreshAction.Update);

    internal RefreshAction Action { get; } = action;

    /// <summary>Gets why the user must sign in.</summary>
    internal SignInRequiredReason? SignInReason { get; private init; }

    /// <summary>Gets the hold that is the reason, if it is one.</summary>
    internal Hold? Hold { get; private init; }

    /// <summary>Gets when a wait ends, where that is known.</summary>
    internal DateTimeOffset? Until { get; private init; }

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
