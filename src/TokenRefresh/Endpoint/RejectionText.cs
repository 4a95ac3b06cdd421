namespace TokenRefresh.Endpoint;

/// <summary>
/// Understands the words in which servers say that a refresh token, or the grant or session behind it, is not valid any more.
/// </summary>
internal static class RejectionText
{
    private const int Reach = 8;

    private static readonly string[] States =
    [
        "invalid", "expired", "revoked", "unknown", "reused", "inactive", "incorrect", "bad",
        "invalidated", "unrecognized", "blacklisted", "deleted", "ended", "terminated",
    ];

    // Words that may stand between such a word and the thing it describes: "invalid or expired refresh token", "unknown authorization
    // grant".
    private static readonly string[] Fillers =
        ["or", "and", "the", "a", "an", "this", "that", "your", "provided", "supplied", "given", "authorization", "oauth", "user"];

    // If one of these follows, the word above describes that and not the token: "the refresh token request has an invalid scope".
    private static readonly string[] OtherThings =
    [
        "client", "scope", "scopes", "type", "request", "parameter", "audience", "resource", "redirect", "secret",
        "credentials", "assertion", "format", "value", "error", "gateway", "response",
    ];

    // "the refresh token flow is not active": one of these behind the token makes it another thing.
    private static readonly string[] NotTheToken =
        ["type", "types", "flow", "flows", "rotation", "endpoint", "service", "request", "support", "policy", "client"];

    private static readonly string[] TryLater =
    [
        "try again later", "retry later", "temporar", "rate limit", "too many", "unavailable", "timed out", "timeout", "overloaded",
        "maintenance",
    ];

    /// <summary>
    /// Tells whether the text says that the refresh token or grant is invalid, expired, revoked, unknown or already used.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="isAnyToken">Whether a token of no kind, as in "invalid token", is the refresh token.</param>
    internal static bool Says(string? text, bool isAnyToken = false)
    {
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        foreach (string later in TryLater)
        {
            if (text.Contains(later, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        string[] words = Words(text);
        for (int i = 0; i < words.Length; i++)
        {
            int behind = BehindSubject(words, i, isAnyToken);
            if (behind > 0 && (IsStatedBefore(words, i) || IsStatedBehind(words, behind)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Tells whether a code is about the client: <c>invalid_client</c>, <c>BAD_CLIENT_ID</c>, <c>deletedClient</c>.</summary>
    internal static bool IsAboutTheClient(string? code) => code is not null && Contains(Words(code), "client");

    // "refresh token", "refresh_token", "refreshToken", "grant", "session"; a grant type is none.
    private static int BehindSubject(string[] words, int at, bool isAnyToken)
    {
        string next = at + 1 < words.Length ? words[at + 1] : "";
        int behind = words[at] switch
        {
            "refresh" when next is "token" => at + 2,
            "refreshtoken" or "session" or "grant" => at + 1,
            "token" when isAnyToken && (at == 0 || Contains(States, words[at - 1]) || Contains(Fillers, words[at - 1])) => at + 1,
            _ => 0,
        };
        return behind < words.Length && Contains(NotTheToken, words[behind]) ? 0 : behind;
    }

    private static bool IsStatedBefore(string[] words, int subject)
    {
        for (int i = subject - 1; i >= 0; i--)
        {
            // "could not find that refresh token"
            if (Contains(States, words[i]) || (words[i] is "find" && i > 0 && words[i - 1] is "not" or "t"))
            {
                return true;
            }

            if (!Contains(Fillers, words[i]))
            {
                return false;
            }
        }

        return false;
    }

    private static bool IsStatedBehind(string[] words, int behind)
    {
        int end = Math.Min(words.Length, behind + Reach);
        for (int i = behind; i < end; i++)
        {
            string next = i + 1 < words.Length ? words[i + 1] : "";
            bool isState = words[i] switch
            {
                "already" => next is "used" or "been" or "redeemed" or "consumed",
                "not" or "longer" or "t" => next is "found" or "valid" or "active" or "exist" or "recognized" or "known",
                "been" => next is "used" or "consumed" or "redeemed",
                "exist" => i > 0 && words[i - 1] is "not" or "t",
                _ => Contains(States, words[i]) && !Contains(OtherThings, next),
            };
            if (isState)
            {
                return true;
            }
        }

        return false;
    }

    // In lower case, split at all that is no letter and where a capital follows a small letter.
    private static string[] Words(string text)
    {
        var words = new List<string>();
        int start = -1;
        for (int i = 0; i <= text.Length; i++)
        {
            bool isLetter = i < text.Length && char.IsAsciiLetter(text[i]);
            bool isHump = isLetter && start >= 0 && char.IsAsciiLetterUpper(text[i]) && char.IsAsciiLetterLower(text[i - 1]);
            if (start >= 0 && (!isLetter || isHump))
            {
                words.Add(text[start..i].ToLowerInvariant());
                start = -1;
            }

            if (isLetter && start < 0)
            {
                start = i;
            }
        }

        return [.. words];
    }

    private static bool Contains(string[] words, string word) => Array.IndexOf(words, word) >= 0;
}
