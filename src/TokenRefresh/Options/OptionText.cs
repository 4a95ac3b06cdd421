using System.Diagnostics.CodeAnalysis;

namespace TokenRefresh;

/// <summary>What the characters of an option may be, and how a message shows them.</summary>
internal static class OptionText
{
    // .NET keeps these with the content, and refuses them in HttpRequestMessage.Headers.
    internal static bool IsRequestHeader(string? name) => IsToken(name)
        && !name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
        && name.ToUpperInvariant() is not ("ALLOW" or "EXPIRES" or "LAST-MODIFIED");

    // RFC 9110 section 5.6.2. A plain loop: a search for many characters costs a fresh process a dozen methods.
    internal static bool IsToken([NotNullWhen(true)] string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    internal static bool HasControlCharacter(string text) => Printable(text) != text;

    internal static string Printable(string? text)
    {
        char[] characters = (text ?? "").ToCharArray();
        for (int i = 0; i < characters.Length; i++)
        {
            characters[i] = char.IsControl(characters[i]) ? '?' : characters[i];
        }

        return new string(characters);
    }
}
