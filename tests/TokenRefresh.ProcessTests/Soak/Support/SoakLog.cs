using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace TokenRefresh.ProcessTests.Soak;

/// <summary>What a soak counts, and what it takes for a breach of the contract.</summary>
internal sealed partial class SoakLog
{
    // What a caller may see while processes die, stop and sign out, and the server fails. A save never fails here.
    private static readonly string[] Expected =
        [nameof(TokenEndpointUnavailableException), nameof(LockTimeoutException), nameof(RefreshOutcomeUnknownException)];

    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _breaches = new();
    private readonly ConcurrentQueue<string> _outputs = new();

    internal IReadOnlyCollection<string> Breaches => _breaches;

    /// <summary>Gets everything that processes printed which have ended.</summary>
    internal IReadOnlyCollection<string> Outputs => _outputs;

    internal string Figures =>
        string.Join(", ", _counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Key} {count.Value}"));

    internal void Count(string what) => _counts.AddOrUpdate(what, 1, (_, count) => count + 1);

    internal void Breach(string what) => _breaches.Enqueue(what);

    internal void Keep(string output) => _outputs.Enqueue(output);

    /// <summary>Takes a reply, or what stands in the place of one: <c>... failure=Type message=...</c>, or <c>Type message</c>.</summary>
    internal void Reply(string sender, string command, string reply)
    {
        if (Failure().Match(reply) is not { Success: true } failure)
        {
            Count($"{command} answered");
            return;
        }

        string type = failure.Groups["type"].Value;
        Count(type);
        if (!Expected.Contains(type, StringComparer.Ordinal) && !IsSignedOut(reply))
        {
            Breach($"{sender} {command}: {reply}");
        }
    }

    /// <summary>A sign-out is the one end of a login that the storm brings about.</summary>
    internal static bool IsSignedOut(string reply) =>
        reply.Contains(nameof(SignInRequiredException), StringComparison.Ordinal)
            && (reply.Contains("There is no login in", StringComparison.Ordinal) || reply.Contains("was ended", StringComparison.Ordinal));

    [GeneratedRegex("(^|failure=)(?<type>[A-Za-z]+Exception) ", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Failure();
}
