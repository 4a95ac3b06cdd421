namespace TokenRefresh.Endpoint;

/// <summary>
/// Understands the words in which servers say that a refresh token, or the grant or session behind it, is not valid any more.
/// </summary>
/// <remarks>Reads on both sides of the name of the token, as far as the sentence goes and nothing else becomes its subject.</remarks>
internal static class RejectionText
{
    private const int Reach = 8;

    private static readonly string[] States =
    [
        "invalid", "expired", "revoked", "unknown", "inactive", "incorrect", "bad", "wrong", "stale", "malformed", "mismatch",
        "invalidated", "unrecognized", "unrecognised", "blacklisted", "deleted", "ended", "terminated", "disabled", "lapsed", "rejected",
        "cancelled", "canceled", "rotated", "superseded", "replaced", "exchanged", "redeemed", "consumed", "claimed", "reuse", "replay",
        "replayed", "obsolete", "outdated", "void", "withdrawn", "removed",
    ];

    // A state once one of the negations stands in front.
    private static readonly string[] Negatable =
    [
        "found", "find", "valid", "active", "exist", "exists", "existent", "recognized", "recognised", "known", "usable", "correct",
        "match", "matching", "accepted", "such",
    ];

    private static readonly string[] Negations = ["not", "t", "cannot", "no", "longer", "never", "non"];

    // What may stand between a negation, or a duty, and its word: "could not be found", "not a valid token", "must be rotated".
    private static readonly string[] Links = ["be", "been", "have", "a", "an", "the", "any", "yet", "seem", "appear", "to", "currently"];

    // Words that may stand between a state and the thing it describes: "invalid or expired refresh token", "unknown authorization grant".
    private static readonly string[] Fillers =
    [
        "or", "and", "the", "a", "an", "this", "that", "your", "provided", "supplied", "given", "authorization", "oauth", "user", "missing",
    ];

    // Besides states, what goes on about the same subject: "refresh_token: is invalid", "but has expired".
    private static readonly string[] Predicates =
    [
        "is", "isn", "was", "has", "does", "doesn", "could", "can", "be", "been", "already", "used", "or", "and", "any", "more", "anymore",
        "it", "this", "token", "value",
    ];

    // If one of these follows, the state describes that and not the token: "the refresh token has an unknown audience". And where one
    // becomes the subject, the sentence is no longer about the token: "the refresh token is valid but its client is unknown".
    private static readonly string[] OtherThings =
    [
        "client", "application", "scope", "scopes", "type", "request", "parameter", "audience", "resource", "redirect", "uri", "url",
        "secret", "credentials", "assertion", "error", "gateway", "response", "host", "tenant", "region", "key", "certificate", "json",
        "connection", "body", "header", "endpoint", "server", "issuer", "realm", "grant", "flow", "content", "method", "password", "proxy",
        "service", "upstream", "database",
    ];

    private static readonly string[] Prepositions = ["for", "of", "to", "from", "by", "with", "in", "on"];

    // "the refresh token flow is not active": one of these behind the token makes it another thing.
    private static readonly string[] NotTheToken =
    [
        "type", "types", "flow", "flows", "grant", "grants", "rotation", "endpoint", "service", "server", "request", "response", "support",
        "policy", "client", "lookup", "cookie", "store", "cache", "usage", "issuance", "refresh",
    ];

    // "failed to refresh token": in front of it, "refresh" is what was to be done and no part of a name.
    private static readonly string[] Auxiliaries = ["to", "not", "t", "cannot", "can", "could", "will", "must", "should", "please"];

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
    /// <param name="isAnySession">Whether a session is the one behind the refresh token; a proxy has its own.</param>
    internal static bool Says(string? text, bool isAnyToken = false, bool isAnySession = true)
    {
        if (string.IsNullOrEmpty(text) || Array.Exists(TryLater, later => text.Contains(later, StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        var words = new TextWords(text);
        for (int i = 0; i < words.Count; i++)
        {
            int behind = BehindSubject(words, i, isAnyToken, isAnySession);
            if (behind > 0 && (IsStatedBefore(words, i, behind) || IsStatedBehind(words, i, behind)))
            {
                return true;
            }
        }

        return false;
    }

    // "refresh token", "refresh_token", "refreshToken", "grant", "session"; a grant type is none.
    private static int BehindSubject(TextWords words, int at, bool isAnyToken, bool isAnySession)
    {
        string former = words[at - 1];
        bool isFirst = former is "" or TextWords.Stop or TextWords.Colon;
        int behind = words[at] switch
        {
            "refresh" when words[at + 1] is "token" && !Contains(Auxiliaries, former) => at + 2,
            "refreshtoken" or "grant" => at + 1,
            "session" when isAnySession && former is not "refresh" => at + 1,
            "token" when isAnyToken && (isFirst || Contains(States, former) || Contains(Fillers, former)) => at + 1,
            _ => 0,
        };
        return IsKindOfGrant(words, at) || Contains(NotTheToken, words[behind]) || words[behind] is "refreshtoken" ? 0 : behind;
    }

    // "grant type: refresh_token", "flow refresh_token", "refresh token grant", "password grant"
    private static bool IsKindOfGrant(TextWords words, int at)
    {
        int front = words.Before(at, [TextWords.Colon, "value", "of", "is", "the"]);
        return (words[front] is "type" or "flow" && words[front - 1] is "grant")
            || words[at - 1] is "grant" or "type" or "flow"
            || (words[at] is "grant" && words[at - 1] is "refreshtoken" or "token" or "password" or "credentials" or "implicit");
    }

    private static bool IsStatedBefore(TextWords words, int subject, int behind)
    {
        int at = words.Before(subject, Fillers);
        if (words[at] is "for" or "of" && words[at - 1] is "value" or "reuse" or "replay")
        {
            // "invalid value for refresh_token"
            at = words[at - 1] is "value" ? words.Before(at - 1, Fillers) : at - 1;
        }

        return IsDead(words, at) && !(words[at] is "find" && IsInTheRequest(words, behind));
    }

    private static bool IsStatedBehind(TextWords words, int subject, int behind)
    {
        // "the scope of the refresh token is unknown"
        int head = words.Before(subject, Fillers);
        if (Contains(Prepositions, words[head]) && Contains(OtherThings, words[head - 1]))
        {
            return false;
        }

        // Sessions are many, "your session at the portal has expired": what is said of this one stands close to it.
        int end = Math.Min(EndOfSentence(words, behind), behind + (words[subject] is "session" ? Reach / 2 : Reach));
        while (behind < end && !IsAnotherSubject(words, behind))
        {
            if (IsState(words, behind++))
            {
                return true;
            }
        }

        return false;
    }

    // "refresh_token: is invalid" is one, "refresh_token: bad connection" are two.
    private static int EndOfSentence(TextWords words, int at)
    {
        for (; words[at] is not ("" or TextWords.Stop); at++)
        {
            int next = at + 1;
            while (IsPredicate(words[next]))
            {
                next++;
            }

            if (words[at] is TextWords.Colon && words[next] is not ("" or TextWords.Stop))
            {
                break;
            }
        }

        return at;
    }

    private static bool IsState(TextWords words, int at)
    {
        string next = words[at + 1];
        return words[at] switch
        {
            "already" => next is "been",
            "reused" => true,
            "used" => (words[at - 1] is "already" or "been" && !IsNegated(words, at))
                || next is "twice" or "again" or "any" or "anymore" or "more" || words[at - 2] is "longer",
            "found" when IsInTheRequest(words, at + 1) => false,
            _ => IsDead(words, at) && !Contains(OtherThings, next),
        };
    }

    private static bool IsDead(TextWords words, int at)
    {
        bool isOnlyWanted = words[words.Before(at, Links)] is "must" or "should" or "will";
        return IsNegated(words, at) ? Contains(Negatable, words[at]) : Contains(States, words[at]) && !isOnlyWanted;
    }

    private static bool IsNegated(TextWords words, int at) => Contains(Negations, words[words.Before(at, Links)]);

    // "not found in the request body": it did not arrive.
    private static bool IsInTheRequest(TextWords words, int at)
    {
        string[] parts = ["request", "body", "header", "headers", "query", "form", "payload", "parameters"];
        return words[at] is "parameter" || (words[at] is "in" or "on" && Array.Exists(parts, part => words.Has(part, at + 1, count: 4)));
    }

    private static bool IsAnotherSubject(TextWords words, int at)
    {
        string next = words[at + 1];
        return words[at] is "but" or "because" or "if" or "unless" or "until"
            ? !IsPredicate(next)
            : Contains(OtherThings, words[at]) && IsPredicate(next) && next is not ("or" or "and")
                && !Contains(Prepositions, words[words.Before(at, Fillers)]);
    }

    private static bool IsPredicate(string word) =>
        Contains(Predicates, word) || Contains(States, word) || Contains(Negatable, word) || Contains(Negations, word);

    private static bool Contains(string[] list, string word) => Array.IndexOf(list, word) >= 0;
}
