namespace ConcurrentSessions;

/// <summary>What the parent tells a session.</summary>
internal sealed record SessionSettings(ProviderKind Provider, string File, Uri TokenEndpoint, Uri Api, int Callers, int Seed)
{
    public const string ClientId = "concurrent-sessions";

    public string[] ToArguments() =>
    [
        "session",
        "--provider", Provider.ToString(),
        "--file", File,
        "--token-endpoint", TokenEndpoint.AbsoluteUri,
        "--api", Api.AbsoluteUri,
        "--callers", $"{Callers}",
        "--seed", $"{Seed}",
    ];
}
