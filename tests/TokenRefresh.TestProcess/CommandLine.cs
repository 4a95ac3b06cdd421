using System.Globalization;

namespace TokenRefresh.TestProcess;

/// <summary>The words after a command's verb: positional ones, and <c>key=value</c> ones whose values are percent-encoded.</summary>
internal sealed class CommandLine
{
    private readonly List<string> _words = [];

    public CommandLine(string line)
    {
        foreach (string word in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);

            // A URL with a query is a word, not a setting.
            if (equals > 0 && word.AsSpan(0, equals).IndexOfAny(":/?") < 0)
            {
                Settings[word[..equals]] = Uri.UnescapeDataString(word[(equals + 1)..]);
            }
            else
            {
                _words.Add(word);
            }
        }
    }

    public Dictionary<string, string> Settings { get; } = new(StringComparer.Ordinal);

    /// <summary>The provider that the command means.</summary>
    public string Name => Settings.GetValueOrDefault("name", "default");

    public string? Word(int index) => index < _words.Count ? _words[index] : null;

    public string RequiredWord(int index, string meaning) =>
        Word(index) ?? throw new CommandException($"Word {index + 1} of the command is missing: {meaning}.");

    public int Count(int index, int fallback = 1) => Word(index) is { } word ? int.Parse(word, CultureInfo.InvariantCulture) : fallback;
}
