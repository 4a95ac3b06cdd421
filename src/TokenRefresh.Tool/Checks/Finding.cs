using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Checks;

/// <summary>How much a finding matters.</summary>
internal enum Severity
{
    Fine,
    Note,
    Problem,
}

/// <summary>What one check has found.</summary>
/// <param name="Check">What was looked at.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Text">What is so, and what it means.</param>
/// <param name="Act">The one thing to do, or <see langword="null"/>.</param>
internal sealed record Finding(string Check, Severity Severity, string Text, string? Act = null)
{
    /// <summary>Gets what does it, where that loses nothing whatever else runs; its result says what was done.</summary>
    internal Func<Task<string>>? Fix { get; init; }

    internal static Finding Fine(string check, string text) => new(check, Severity.Fine, text);

    internal static Finding Note(string check, string text, string? act = null) => new(check, Severity.Note, text, act);

    /// <summary>Makes a problem of a message of the library, whose last sentence says what to do.</summary>
    internal static Finding OfMessage(string check, string message, StoreKind store)
    {
        message = Words.OfTool(message, store).Replace(" Nothing was sent.", "", StringComparison.Ordinal);
        int end = message.LastIndexOf(". ", StringComparison.Ordinal);
        return end < 0
            ? Problem(check, message, "Do what is said there.")
            : Problem(check, message[..(end + 1)], message[(end + 2)..]);
    }

    internal static Finding Problem(string check, string text, string act) => new(check, Severity.Problem, text, act);
}
