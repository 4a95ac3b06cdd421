namespace TokenRefresh.Endpoint;

/// <content>The words that are known.</content>
internal sealed partial class RejectionText
{
    private static readonly HashSet<string> States = Words(
        "invalid expired revoked unknown inactive incorrect bad wrong stale malformed mismatch invalidated unrecognized "
        + "unrecognised blacklisted deleted ended terminated disabled lapsed rejected cancelled canceled rotated superseded replaced "
        + "exchanged redeemed consumed claimed reuse replay replayed obsolete outdated void withdrawn removed");

    // A state once one of the negations stands in front.
    private static readonly HashSet<string> Negatable =
        Words("found find valid active exist exists existent recognized recognised known usable correct match matching accepted such");

    private static readonly HashSet<string> Negations = Words("not t cannot no longer never non");

    // What may stand between a negation, or a duty, and its word: "could not be found", "not a valid token", "must be rotated".
    private static readonly HashSet<string> Links = Words("be been have a an the any yet seem appear to currently");

    // Words that may stand between a state and the thing it describes: "invalid or expired refresh token", "unknown authorization grant".
    private static readonly HashSet<string> Fillers =
        Words("or and the a an this that your provided supplied given authorization oauth user missing");

    // Besides states, what goes on about the same subject: "refresh_token: is invalid", "but has expired".
    private static readonly HashSet<string> Predicates =
        Words("is isn was has does doesn could can be been already used or and any more anymore it this token value");

    // If one of these follows, the state describes that and not the token: "the refresh token has an unknown audience". And where one
    // becomes the subject, the sentence is no longer about the token: "the refresh token is valid but its client is unknown".
    private static readonly HashSet<string> OtherThings = Words(
        "client application scope scopes type request parameter audience resource redirect uri url secret credentials assertion "
        + "error gateway response host tenant region key certificate json connection body header endpoint server issuer realm grant "
        + "flow content method password proxy service upstream database");

    private static readonly HashSet<string> Prepositions = Words("for of to from by with in on");

    // "the refresh token flow is not active": one of these behind the token makes it another thing.
    private static readonly HashSet<string> NotTheToken = Words(
        "type types flow flows grant grants rotation endpoint service server request response support policy client lookup cookie "
        + "store cache usage issuance refresh");

    private static readonly string[] PartsOfRequest = ["request", "body", "header", "headers", "query", "form", "payload", "parameters"];

    // "failed to refresh token": in front of it, "refresh" is what was to be done and no part of a name.
    private static readonly HashSet<string> Auxiliaries = Words("to not t cannot can could will must should please");

    private static readonly string[] TryLater =
    [
        "try again later", "retry later", "temporar", "rate limit", "too many", "unavailable", "timed out", "timeout", "overloaded",
        "maintenance",
    ];

    // "grant type: refresh_token", "flow refresh_token"
    private static readonly HashSet<string> BehindKinds = Words(": value of is the");

    private static HashSet<string> Words(string words) => new(words.Split(' '), StringComparer.Ordinal);
}
