using System.Collections.Immutable;

namespace TokenRefresh.Record;

/// <summary>What processes tell each other about one login beyond its tokens. Immutable; written only within a transaction.</summary>
internal sealed record CoordinationRecord
{
    /// <summary>How many consumed refresh tokens are remembered.</summary>
    internal const int ConsumedCapacity = 8;

    internal static CoordinationRecord Empty { get; } = new();

    /// <summary>Gets the refresh that was sent and whose end nobody has noted: in flight while its holder lives, of unknown outcome afterwards.</summary>
    internal AttemptNote? Attempt { get; init; }

    /// <summary>Gets the refresh token the server has called dead.</summary>
    internal DeadNote? Dead { get; init; }

    /// <summary>Gets the pause after a failed refresh.</summary>
    internal CoolDownNote? CoolDown { get; init; }

    /// <summary>Gets the pair that its owner could not save yet.</summary>
    internal PendingNote? Pending { get; init; }

    /// <summary>Gets when the present access token was obtained.</summary>
    internal ObtainedNote? Obtained { get; init; }

    /// <summary>Gets the refresh tokens consumed last, newest first.</summary>
    internal ImmutableArray<Fingerprint> Consumed { get; init; } = [];

    internal bool IsConsumed(OAuthCredentials credentials) => credentials.RefreshToken is { } token && Consumed.Length > 0 && Consumed.Contains(Fingerprint.Of(token));

    /// <summary>Whether the refresh token was exchanged for a pair of another account. Spent for every client, not for the one alone that noted it.</summary>
    internal bool IsSpentForOtherAccount(OAuthCredentials credentials) =>
        Dead is { IsOtherAccount: true } dead && credentials.RefreshToken is { } token && dead.Key.RefreshToken == Fingerprint.Of(token);

    /// <summary>Notes a rotation; a server that keeps its refresh token consumes none.</summary>
    /// <remarks>What is noted about another pair stays: its holder may have come between the exchange and this save.</remarks>
    internal CoordinationRecord AfterRotation(OAuthCredentials sent, OAuthCredentials next, ObtainedNote? obtained)
    {
        var token = Fingerprint.Of(sent.RefreshToken!);
        return this with
        {
            Attempt = Attempt?.Key.RefreshToken == token ? null : Attempt,
            Dead = Dead?.Key.RefreshToken == token ? null : Dead,
            CoolDown = CoolDown?.Key.RefreshToken == token ? null : CoolDown,
            Pending = Pending?.Consumed == token ? null : Pending,
            Obtained = obtained,
            Consumed = sent.RefreshToken == next.RefreshToken || Consumed.Contains(token) ? Consumed : [token, .. Consumed.Take(ConsumedCapacity - 1)],
        };
    }

    /// <summary>Forgets what was noted about former logins, but not which tokens are spent.</summary>
    internal CoordinationRecord AfterSignIn(OAuthCredentials credentials) => Empty with
    {
        Consumed = credentials.RefreshToken is { } token ? Consumed.Remove(Fingerprint.Of(token)) : Consumed,
    };
}
