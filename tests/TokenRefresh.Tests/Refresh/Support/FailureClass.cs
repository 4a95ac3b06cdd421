namespace TokenRefresh.Tests.Refresh;

/// <summary>One way in which a refresh fails, and what callers must see of it.</summary>
/// <param name="Name">The name of the row.</param>
/// <param name="Exception">The type callers get.</param>
/// <param name="IsTransient">Whether waiting may help.</param>
/// <param name="Names">What the message names: the path, the endpoint, a setting.</param>
internal sealed record FailureClass(string Name, Type Exception, bool IsTransient, params string[] Names)
{
    internal const string ThePath = "{path}";
    internal const string TheEndpoint = "{endpoint}";

    private const string CutAnswer = """{"access_token":"some-new-access-token","expires_in":3600,"refresh_tok""";

    /// <summary>Gets what the server does; <see langword="null"/> if nothing reaches it.</summary>
    internal TokenEndpointBehavior? Behavior { get; init; }

    /// <summary>Gets what fails before anything is sent.</summary>
    internal HttpRequestError? NeverSent { get; init; }

    /// <summary>Gets whether the answer never comes.</summary>
    internal bool IsTimeout { get; init; }

    /// <summary>
    /// Gets the least time until <see cref="TokenEndpointUnavailableException.RetryAt"/>; <see langword="null"/> if the exception has none.
    /// </summary>
    internal TimeSpan? RetryAfter { get; init; }

    /// <summary>Gets the stored login in place of an expired one.</summary>
    internal string? Stored { get; init; }

    internal static IReadOnlyList<FailureClass> All { get; } =
    [
        Unavailable("name resolution", TheEndpoint) with { NeverSent = HttpRequestError.NameResolutionError },
        Unavailable("connect", TheEndpoint) with { NeverSent = HttpRequestError.ConnectionError },
        Unavailable("TLS", TheEndpoint) with { NeverSent = HttpRequestError.SecureConnectionError },
        Unavailable("429", TheEndpoint, "429") with
        {
            Behavior = TokenEndpointBehavior.Throttle(429, TimeSpan.FromSeconds(77)),
            RetryAfter = TimeSpan.FromSeconds(77),
        },
        Unavailable("429 for a day", TheEndpoint, "429") with
        {
            Behavior = TokenEndpointBehavior.Throttle(429, TimeSpan.FromDays(1)),
            RetryAfter = TimeSpan.FromMinutes(10),
        },
        Unavailable("503", TheEndpoint, "503") with { Behavior = TokenEndpointBehavior.Throttle(503, retryAfter: null) },
        Unavailable("HTML with 404", TheEndpoint, "404") with { Behavior = TokenEndpointBehavior.Html(404) },
        Unavailable("empty 400", TheEndpoint, "400") with { Behavior = TokenEndpointBehavior.AnswerWith(400) },
        Unknown("500") with { Behavior = TokenEndpointBehavior.AnswerWith(500, "failed", "text/plain") },
        Unknown("502") with { Behavior = TokenEndpointBehavior.AnswerWith(502) },
        Unknown("HTML with 200") with { Behavior = TokenEndpointBehavior.Html() },
        Unknown("200 without a pair") with { Behavior = TokenEndpointBehavior.AnswerWith(200, "{}") },
        Unknown("200 of 64 MB") with { Behavior = TokenEndpointBehavior.HugeBody(processed: false) },
        Unknown("truncated 200") with { Behavior = TokenEndpointBehavior.AnswerWith(200, CutAnswer) },
        Unknown("200 cut by a reset") with
        {
            Behavior = TokenEndpointBehavior.AnswerWith(200, CutAnswer + new string(' ', 100)) with
            {
                KeepBytes = CutAnswer.Length,
                ResetsInBody = true,
            },
        },
        Unknown("reset") with { Behavior = TokenEndpointBehavior.DropBeforeProcessing },
        Unknown("time-out") with { IsTimeout = true },
        SignIn("invalid_grant") with { Behavior = TokenEndpointBehavior.Error("invalid_grant") },
        SignIn("refresh_token_reused") with { Behavior = TokenEndpointBehavior.Error("refresh_token_reused", 401) },
        SignIn("404 not_found_error") with { Behavior = TokenEndpointBehavior.Error("not_found_error", 404) },
        Configuration("invalid_client") with { Behavior = TokenEndpointBehavior.Error("invalid_client", 401) },
        Configuration("unauthorized_client") with { Behavior = TokenEndpointBehavior.Error("unauthorized_client") },
        Configuration("invalid_scope") with { Behavior = TokenEndpointBehavior.Error("invalid_scope") },
        Configuration("unsupported_grant_type") with { Behavior = TokenEndpointBehavior.Error("unsupported_grant_type") },
        Configuration("redirect") with { Behavior = TokenEndpointBehavior.Redirect(307, new Uri("https://elsewhere.example/token")) },
        SignIn("nothing stored", "'CredentialsPath'") with { Stored = "{}" },
        SignIn("signed out") with
        {
            Stored = """{"claudeAiOauth":{"accessToken":"","refreshToken":"","expiresAt":0,"refreshTokenExpiresAt":1787613382524}}""",
        },
        new("no refresh token", typeof(NotRefreshableException), false, ThePath, "Sign in")
        {
            Stored = """{"claudeAiOauth":{"accessToken":"some-access-token","expiresAt":1}}""",
        },
        new("invalid JSON", typeof(CredentialsFileException), false, ThePath, "left as it is") { Stored = "{\"claudeAiOauth\": {" },
        new("wrong type", typeof(CredentialsFileException), false, ThePath, "accessToken")
        {
            Stored = """{"claudeAiOauth":{"accessToken":17}}""",
        },
    ];

    private static FailureClass Unavailable(string name, params string[] names) =>
        new(name, typeof(TokenEndpointUnavailableException), true, names) { RetryAfter = TimeSpan.FromSeconds(1) };

    private static FailureClass Unknown(string name) =>
        new(name, typeof(RefreshOutcomeUnknownException), true, ThePath, "'RefreshTokenReuseWindow'");

    private static FailureClass SignIn(string name, params string[] names) =>
        new(name, typeof(SignInRequiredException), false, [ThePath, "Sign in", .. names]);

    private static FailureClass Configuration(string name) =>
        new(name, typeof(TokenRefreshConfigurationException), false, TheEndpoint, "'ClientId'", "'TokenEndpoint'");
}
