namespace TokenRefresh.Record;

/// <summary>A pause, or the end of a login, that all processes share.</summary>
/// <param name="kind">Why.</param>
/// <param name="key">The tokens and the client; of <see cref="HoldKind.ResourceRejects"/> the client alone counts, since it must survive
/// the rotation it is about.</param>
/// <param name="since">When it began, by the wall clock.</param>
/// <param name="until">When it ends; <see langword="null"/> for never, as long as these tokens are stored.</param>
/// <param name="count">How many times in a row.</param>
internal sealed class Hold(HoldKind kind, RecordKey key, DateTimeOffset since, DateTimeOffset? until, int count)
{
    /// <summary>A <see cref="Cause"/> of <see cref="HoldKind.Rejected"/>: the token was exchanged for tokens of another account.</summary>
    internal const string OtherAccount = "other account";

    /// <summary>A <see cref="Cause"/> of <see cref="HoldKind.Rejected"/>: an earlier answer was lost, which is the likely reason.</summary>
    internal const string AfterLostAnswer = "after a lost answer";

    /// <summary>A <see cref="Cause"/> of <see cref="HoldKind.CoolDown"/>: a setting is wrong.</summary>
    internal const string Configuration = "configuration";

    /// <summary>A <see cref="Cause"/> of <see cref="HoldKind.CoolDown"/>: the server answered with a token that needs a key.</summary>
    internal const string BoundToKey = "token bound to a key";

    /// <summary>A <see cref="Cause"/> of <see cref="HoldKind.Rejected"/>, and its client: the login is moved to or from another store.
    /// </summary>
    internal const string Moving = "moving";

    // Longer than any pause that is ever set.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1) + TimeSpan.FromHours(12);

    internal readonly HoldKind Kind = kind;

    internal readonly RecordKey Key = key;

    internal readonly DateTimeOffset Since = since;

    internal readonly DateTimeOffset? Until = until;

    internal readonly int Count = count;

    /// <summary>
    /// More about it, for messages: one of the constants, what the token endpoint answered, or the process that has the tokens.
    /// </summary>
    internal string? Cause;

    /// <summary>The same for other tokens.</summary>
    internal Hold With(RecordKey key) => new(Kind, key, Since, Until, Count) { Cause = Cause };

    /// <summary>Whether it holds now. A clock that was set back must not prolong a pause.</summary>
    internal bool IsRunning(DateTimeOffset now) => Until is not { } until || (Since <= now && now < until && until - Since <= Longest);
}
