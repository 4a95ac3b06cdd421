using System.Text.RegularExpressions;

namespace TokenRefresh.Endpoint;

/// <summary>
/// Understands the words in which servers say that a refresh token, or the grant or session behind it, is not valid any more.
/// </summary>
/// <remarks>
/// Reads on both sides of the name of the token, as far as the sentence goes and nothing else becomes its subject. A text is split at all
/// that is no letter and where a capital follows a small letter; the end of a sentence, a colon and a dash are words too.
/// <c>refresh_token</c> and <c>refreshToken</c>, names that can be no verb, are the one word <c>refreshtoken</c>.
/// </remarks>
internal sealed partial class RejectionText
{
    private const int Reach = 8;
    private const string Stop = ".";
    private const string Colon = ":";

    private readonly List<string> _words = [];

    private RejectionText(string text)
    {
        text = text.Replace("refresh_token", " refreshtoken", StringComparison.OrdinalIgnoreCase)
            .Replace("refreshToken", " refreshtoken", StringComparison.OrdinalIgnoreCase);
        foreach (Match word in Word().Matches(text))
        {
            _words.Add(
                word.Groups["stop"].Success ? Stop
                : word.Groups["colon"].Success ? Colon
                : word.Value.ToLowerInvariant());
        }
    }

    // An empty one in front of the first and behind the last.
    private string this[int at] => at >= 0 && at < _words.Count ? _words[at] : "";

    /// <summary>Tells whether any of these stands in the text, perhaps right in front of another word.</summary>
    internal static bool Names(string? text, string[] kinds, string? next = null)
    {
        var words = new RejectionText(text ?? "");
        return words._words.Where((word, i) => Array.IndexOf(kinds, word) >= 0 && (next is null || words[i + 1] == next)).Any();
    }

    /// <summary>
    /// Tells whether the text says that the refresh token or grant is invalid, expired, revoked, unknown or already used.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="isAnyToken">Whether a token of no kind, as in "invalid token", is the refresh token.</param>
    /// <param name="isAnySession">Whether a session is the one behind the refresh token; a proxy has its own.</param>
    internal static bool Says(string? text, bool isAnyToken = false, bool isAnySession = true)
    {
        if (string.IsNullOrEmpty(text) || Array.Exists(TryLater, later => text.Contains(later, StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        var words = new RejectionText(text);
        for (int i = 0; i < words._words.Count; i++)
        {
            int behind = words.BehindSubject(i, isAnyToken, isAnySession);
            if (behind > 0 && (words.IsStatedBefore(i, behind) || words.IsStatedBehind(i, behind)))
            {
                return true;
            }
        }

        return false;
    }

    // "refresh token", "refresh_token", "refreshToken", "grant", "session"; a grant type is none.
    private int BehindSubject(int at, bool isAnyToken, bool isAnySession)
    {
        string former = this[at - 1];
        bool isFirst = former is "" or Stop or Colon;
        int behind = this[at] switch
        {
            "refresh" when this[at + 1] is "token" && !Auxiliaries.Contains(former) => at + 2,
            "refreshtoken" or "grant" => at + 1,
            "session" when isAnySession && former is not "refresh" => at + 1,
            "token" when isAnyToken && (isFirst || States.Contains(former) || Fillers.Contains(former)) => at + 1,
            _ => 0,
        };
        return IsKindOfGrant(at) || NotTheToken.Contains(this[behind]) || this[behind] is "refreshtoken" ? 0 : behind;
    }

    // "grant type: refresh_token", "flow refresh_token", "refresh token grant", "password grant"
    private bool IsKindOfGrant(int at)
    {
        int front = Before(at, BehindKinds);
        return (this[front] is "type" or "flow" && this[front - 1] is "grant")
            || this[at - 1] is "grant" or "type" or "flow"
            || (this[at] is "grant" && this[at - 1] is "refreshtoken" or "token" or "password" or "credentials" or "implicit");
    }

    private bool IsStatedBefore(int subject, int behind)
    {
        int at = Before(subject, Fillers);
        if (this[at] is "for" or "of" && this[at - 1] is "value" or "reuse" or "replay")
        {
            // "invalid value for refresh_token"
            at = this[at - 1] is "value" ? Before(at - 1, Fillers) : at - 1;
        }

        return IsDead(at) && !(this[at] is "find" && IsInTheRequest(behind));
    }

    private bool IsStatedBehind(int subject, int behind)
    {
        // "the scope of the refresh token is unknown"
        int head = Before(subject, Fillers);
        if (Prepositions.Contains(this[head]) && OtherThings.Contains(this[head - 1]))
        {
            return false;
        }

        // Sessions are many, "your session at the portal has expired": what is said of this one stands close to it.
        int end = Math.Min(EndOfSentence(behind), behind + (this[subject] is "session" ? Reach / 2 : Reach));
        while (behind < end && !IsAnotherSubject(behind))
        {
            if (IsState(behind++))
            {
                return true;
            }
        }

        return false;
    }

    // "refresh_token: is invalid" is one, "refresh_token: bad connection" are two.
    private int EndOfSentence(int at)
    {
        for (; this[at] is not ("" or Stop); at++)
        {
            int next = at + 1;
            while (IsPredicate(this[next]))
            {
                next++;
            }

            if (this[at] is Colon && this[next] is not ("" or Stop))
            {
                break;
            }
        }

        return at;
    }

    private bool IsState(int at)
    {
        string next = this[at + 1];
        return this[at] switch
        {
            "already" => next is "been",
            "reused" => true,
            "used" => (this[at - 1] is "already" or "been" && !IsNegated(at))
                || next is "twice" or "again" or "any" or "anymore" or "more" || this[at - 2] is "longer",
            "found" when IsInTheRequest(at + 1) => false,
            _ => IsDead(at) && !OtherThings.Contains(next),
        };
    }

    private bool IsDead(int at)
    {
        bool isOnlyWanted = this[Before(at, Links)] is "must" or "should" or "will";
        return IsNegated(at) ? Negatable.Contains(this[at]) : States.Contains(this[at]) && !isOnlyWanted;
    }

    private bool IsNegated(int at) => Negations.Contains(this[Before(at, Links)]);

    // "not found in the request body": it did not arrive.
    private bool IsInTheRequest(int at) => this[at] is "parameter"
        || (this[at] is "in" or "on" && _words.Skip(at + 1).Take(4).Intersect(PartsOfRequest, StringComparer.Ordinal).Any());

    private bool IsAnotherSubject(int at)
    {
        string next = this[at + 1];
        return this[at] is "but" or "because" or "if" or "unless" or "until"
            ? !IsPredicate(next)
            : OtherThings.Contains(this[at]) && IsPredicate(next) && next is not ("or" or "and")
                && !Prepositions.Contains(this[Before(at, Fillers)]);
    }

    private static bool IsPredicate(string word) =>
        Predicates.Contains(word) || States.Contains(word) || Negatable.Contains(word) || Negations.Contains(word);

    private int Before(int at, HashSet<string> skipped)
    {
        do
        {
            at--;
        }
        while (skipped.Contains(this[at]));

        return at;
    }

    [GeneratedRegex(
        @"[A-Z]*[a-z]+|[A-Z]+|(?<stop>;|[.!?](?= |\z))|(?<colon>:|(?<= )-(?= |\z))", RegexOptions.ExplicitCapture, Timeout.Infinite)]
    private static partial Regex Word();
}
