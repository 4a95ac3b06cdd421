using TokenRefresh.Refresh;

namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>What <c>docs/guarantees.md</c> promises, checked at every step; the first that breaks stands.</summary>
internal sealed class Rules(World world)
{
    internal const string NoLockNoRefresh = "No lock, no refresh";
    internal const string OnlyWhatWasRead = "Only the token read under the lease, or its unsaved successor, is presented";
    internal const string OneExchangeAtATime = "One exchange at a time";
    internal const string AnsweredTokensAreUsed = "A token whose use was answered is never presented again";
    internal const string OneReplay = "One replay, and then one try in ten minutes";
    internal const string NoReuse = "The server sees no reuse but where an answer was lost and its window is over";
    internal const string SavedBeforeShown = "Saved before shown";
    internal const string CompareAndCommit = "A write replaces only the pair that was exchanged";
    internal const string RejectedDecides = "The rejected token decides";
    internal const string OneRequestPerExpiry = "Each expiry costs one request";
    internal const string EveryoneEnds = "Everyone ends";
    internal const string LostLoginsAreExplained = "A lost login is explained by the lost answer";
    internal const string NothingIsLost = "Nothing is ever lost";

    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMinutes(10);

    /// <summary>Gets the rule that was broken, and how.</summary>
    internal string? Broken { get; private set; }

    // Not thrown: the product would take it for a failure of the endpoint or of the store, and go on.
    internal void Break(string how) => Broken ??= how;

    internal void OnSend(ModelProvider sender, string token)
    {
        if (sender.Lease is not { IsReleased: false } lease)
        {
            Break($"{NoLockNoRefresh}: {sender.Name} presents {token} without a lease.");
            return;
        }

        UnsavedTokens? unsaved = sender.State.Unsaved;
        OAuthCredentials? own = unsaved is not null && OAuthCredentials.AreSameLogin(unsaved.Replaces, lease.LastRead)
            ? unsaved.Tokens
            : lease.LastRead;
        if (own?.RefreshToken != token)
        {
            Break($"{OnlyWhatWasRead}: {sender.Name} presents {token} and has read {lease.LastRead?.RefreshToken ?? "nothing"}.");
        }

        if (world.Providers.FirstOrDefault(p => p != sender && p.Exchange is not null) is { } other)
        {
            Break($"{OneExchangeAtATime}: {sender.Name} presents {token} while {other.Name} is at it.");
        }

        List<Presentation> earlier = [.. world.Server.Presentations.Where(p => p.Token == token)];
        if (earlier.Exists(p => p.Fate != Fate.Unknown && (!world.HasForgotten || p.Sender.Process == sender.Process)))
        {
            Break($"{AnsweredTokensAreUsed}: {sender.Name} presents {token}.");
        }

        // With each lock file that is deleted, what was noted in it is forgotten.
        if (earlier.Count >= 2 + world.LockFilesDeleted && earlier.Exists(p => world.Elapsed - p.At < TryAgainAfter))
        {
            Break($"{OneReplay}: {sender.Name} presents {token} for the {earlier.Count + 1}. time.");
        }
    }

    internal void OnReuse(Presentation presentation)
    {
        bool wasLost = world.Server.Presentations.Any(p => p.Token == presentation.Token && p.Fate == Fate.Unknown);
        bool isForgotten = world.HasForgotten
            && !world.Server.Presentations.Any(
                p => p != presentation && p.Token == presentation.Token && p.Sender.Process == presentation.Sender.Process);
        if (!isForgotten && (!wasLost || world.Scenario.ServerReuseWindow is not null))
        {
            Break($"{NoReuse}: {presentation.Token} of {presentation.Sender.Name} revokes the login.");
        }
    }

    internal void OnCommit(ModelProvider writer, OAuthCredentials? current, OAuthCredentials? next, bool isReplacing)
    {
        if (Exchanged(next) is not { } presentation)
        {
            return;
        }

        bool isOurs = current?.RefreshToken is { } stored && world.Server.DescendsFrom(next!.RefreshToken, stored);
        if (isReplacing && !isOurs)
        {
            Break($"{CompareAndCommit}: {writer.Name} writes {next!.RefreshToken} over {current?.RefreshToken ?? "a logout"}.");
        }

        if (isReplacing || !isOurs || next!.HasSameTokens(current))
        {
            presentation.Sender.End(presentation, Fate.Settled);
        }
    }

    internal void OnFailedSave(ModelProvider writer, OAuthCredentials? next)
    {
        if (Exchanged(next) is { Fate: not Fate.Settled } presentation)
        {
            writer.End(presentation, Fate.Kept);
        }
    }

    internal void OnReturn(ModelProvider provider, TokenSnapshot token, string? rejected)
    {
        if (token.Token.Value == rejected)
        {
            Break($"{RejectedDecides}: {provider.Name} got {rejected} back.");
        }

        if (token.Lifetime.ExpiresAt <= ModelClock.Start + world.Elapsed)
        {
            Break($"{RejectedDecides}: {provider.Name} got {token.Token.Value}, which is expired.");
        }

        if (!ReferenceEquals(token, provider.State.Snapshot))
        {
            AssertSaved(provider, token);
        }
    }

    internal void OnFailure(ModelProvider provider, TokenRefreshException failure)
    {
        if (world.IsUndisturbed)
        {
            Break($"{OneRequestPerExpiry}: {provider.Name} failed although nothing went wrong: {failure.Message}");
        }

        if (failure is LockTimeoutException)
        {
            Break($"{EveryoneEnds}: {provider.Name} gave up on the lock, and no one was stopped.");
        }

        // That an answer was lost cannot be told where what was noted went with the lock file, or where an ended process's request reached
        // the server only after the next one had replayed it.
        bool canBeExplained = world.LockFilesDeleted == 0
            && !world.Server.Presentations.Any(p => p is { IsLate: true, Answer.Response: null });
        if (failure is SignInRequiredException { Reason: SignInRequiredReason.RefreshTokenRejected }
            && canBeExplained
            && !failure.Message.Contains("whose answer was lost", StringComparison.Ordinal))
        {
            Break($"{LostLoginsAreExplained}: {provider.Name} was told: {failure.Message}");
        }
    }

    internal void AfterStep()
    {
        foreach (ModelProvider provider in world.Providers)
        {
            if (provider.State.Snapshot is { } snapshot && !ReferenceEquals(provider.Shown, snapshot))
            {
                provider.Shown = snapshot;
                AssertSaved(provider, snapshot);
            }

            if (provider.Failure is { } failure)
            {
                Break($"{EveryoneEnds}: {provider.Name} threw {failure}");
            }
        }
    }

    internal void AtEnd()
    {
        if (world.Providers.FirstOrDefault(p => p.Process.IsAlive && !p.IsFinished) is { } stuck)
        {
            Break($"{EveryoneEnds}: {stuck.Name} waits, and nothing can happen any more.");
        }

        if (world.IsUndisturbed && world.Scenario.Requests is { } expected && world.Server.Presentations.Count != expected)
        {
            Break($"{OneRequestPerExpiry}: {world.Server.Presentations.Count} requests instead of {expected}.");
        }
    }

    private void AssertSaved(ModelProvider provider, TokenSnapshot snapshot)
    {
        if (!world.File.HasHeld(snapshot.Token.Value) && provider.State.Unsaved?.Tokens.AccessToken != snapshot.Token.Value)
        {
            Break($"{SavedBeforeShown}: {provider.Name} shows {snapshot.Token.Value}.");
        }
    }

    private Presentation? Exchanged(OAuthCredentials? pair) =>
        pair?.RefreshToken is { } token ? world.Server.Presentations.FirstOrDefault(p => p.Answer?.Response?.RefreshToken == token) : null;
}
