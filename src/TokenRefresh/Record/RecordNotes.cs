using TokenRefresh.Endpoint;

namespace TokenRefresh.Record;

/// <summary>A refresh that was about to leave this machine.</summary>
/// <param name="Key">The pair and client.</param>
/// <param name="At">When, by the wall clock.</param>
/// <param name="BootId">The boot it happened in; all zero where the system has none.</param>
/// <param name="Count">How often this pair was presented so far, this time included.</param>
internal sealed record AttemptNote(RecordKey Key, DateTimeOffset At, Guid BootId, int Count);

/// <summary>A refresh token the server rejected, or spent for another account.</summary>
/// <param name="Key">The pair and client.</param>
/// <param name="At">When, by the wall clock.</param>
/// <param name="AfterUnknownOutcome">Whether an earlier attempt with it had an unknown outcome, which then is the likely cause.</param>
/// <param name="IsOtherAccount">Whether the server answered with a pair of another account.</param>
internal sealed record DeadNote(RecordKey Key, DateTimeOffset At, bool AfterUnknownOutcome, bool IsOtherAccount = false);

/// <summary>A pause after a failed refresh, shared by all processes.</summary>
/// <param name="Key">The pair and client.</param>
/// <param name="Start">When it began.</param>
/// <param name="End">When the next attempt may be made.</param>
/// <param name="Outcome">What failed.</param>
/// <param name="Failures">How many attempts failed in a row.</param>
internal sealed record CoolDownNote(RecordKey Key, DateTimeOffset Start, DateTimeOffset End, TokenEndpointOutcome Outcome, int Failures)
{
    /// <summary>No pause is longer, whatever a server asks for.</summary>
    internal static readonly TimeSpan Maximum = TimeSpan.FromMinutes(10);

    // A clock that was set back must not make a pause last for ever.
    internal bool IsRunning(DateTimeOffset now) => Start <= now && now < End && End - Start <= Maximum;
}

/// <summary>A pair that was obtained and could not be saved; only its owner has it.</summary>
/// <param name="Consumed">The refresh token that was exchanged for it, still stored.</param>
/// <param name="RenewedAt">When the owner last tried to save it.</param>
/// <param name="BootId">The boot the owner runs in.</param>
/// <param name="ProcessId">The owner.</param>
internal sealed record PendingNote(Fingerprint Consumed, DateTimeOffset RenewedAt, Guid BootId, int ProcessId)
{
    /// <summary>An owner that lives tries again, and says so, far more often than this.</summary>
    internal static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(2);

    /// <summary>Whether the owner can be expected to live still; otherwise its pair is lost, and the outcome of its refresh unknown to everybody else.</summary>
    /// <remarks>A date in the future, but not a far one, is a clock that was set back a little: no reason to present what the owner has spent.</remarks>
    internal bool IsFresh(DateTimeOffset now, Guid bootId) => BootId == bootId && (now - RenewedAt).Duration() < FreshFor;
}

/// <summary>When an access token was obtained, and for how long from then on its rejection by a resource is no reason for another one.</summary>
/// <param name="AccessToken">The token.</param>
/// <param name="At">When, by the wall clock.</param>
/// <param name="Restraint">Doubles while fresh tokens keep being rejected.</param>
internal sealed record ObtainedNote(Fingerprint AccessToken, DateTimeOffset At, TimeSpan Restraint);
