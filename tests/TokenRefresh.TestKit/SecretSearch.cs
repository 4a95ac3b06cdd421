namespace TokenRefresh.TestKit;

/// <summary>Looks for secrets, and parts of them, in what a test has captured.</summary>
public static class SecretSearch
{
    // Longer than eight characters, a part of a secret is a secret.
    private const int Part = 9;

    /// <summary>
    /// Counts the places at which nine characters of a secret stand. A count, so that a failure does not print what it found.
    /// </summary>
    /// <param name="text">Everything that was captured.</param>
    /// <param name="secrets">The secrets; one of fewer than nine characters is found nowhere.</param>
    /// <returns>The number of places.</returns>
    public static int CountLeaks(string text, IEnumerable<string> secrets)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = new HashSet<string>(
            secrets.SelectMany(
                secret => Enumerable.Range(0, Math.Max(0, secret.Length - Part + 1)).Select(at => secret.Substring(at, Part))),
            StringComparer.Ordinal);
        HashSet<string>.AlternateLookup<ReadOnlySpan<char>> lookup = parts.GetAlternateLookup<ReadOnlySpan<char>>();
        int found = 0;
        for (int at = 0; at + Part <= text.Length; at++)
        {
            found += lookup.Contains(text.AsSpan(at, Part)) ? 1 : 0;
        }

        return found;
    }
}
