using System.Globalization;
using TokenRefresh.TestProcess.Checkpoints;

namespace TokenRefresh.TestProcess;

/// <summary>
/// Commands that drive a provider, the one called <c>name=</c> if that is given: <c>create key=value...</c>, <c>get [n]</c>, <c>refresh
/// fingerprint|last [n]</c>, <c>store access refresh expires</c>, <c>stores n</c> (logins one after the other),
/// <c>signed access refresh expires</c> (by the user of a provider that was created with <c>user=yes</c> and has printed <c>asked the
/// user</c>), <c>remove</c>,
/// <c>status</c>, <c>events</c>, <c>busy</c> (asks for tokens until one is not about to expire),
/// <c>short n [patience=ms]</c> (create, use, dispose; with the settings of an existing one), <c>dispose</c>. A provider created with
/// <c>park=</c> and a <see cref="Checkpoint"/> prints <c>reached ...</c> there and parks until <c>pass</c>.
/// </summary>
internal sealed class ProviderCommands(CommandHost host, ProviderRegistry providers)
{
    public void Register()
    {
        host.Add("create", line =>
        {
            providers.Create(line);
            return Task.FromResult("");
        });
        host.Add("get", GetAsync);
        host.Add("busy", BusyAsync);
        host.Add("refresh", RefreshAsync);
        host.Add("store", StoreAsync);
        host.Add("stores", StoresAsync);
        host.Add("signed", line =>
        {
            providers[line.Name].SignIn(CredentialsOf(line));
            return Task.FromResult("");
        });
        host.Add("remove", line => Silent(providers[line.Name].Provider.RemoveAsync()));
        host.Add("status", StatusAsync);
        host.Add("events", line => Task.FromResult(providers[line.Name].Events));
        host.Add("short", ShortAsync);
        host.Add("pass", line =>
        {
            providers[line.Name].LetGo();
            return Task.FromResult("");
        });
        host.Add("dispose", line => Silent(providers.DisposeAsync(line.Name)));
    }

    private async Task<string> GetAsync(CommandLine line)
    {
        ProviderEntry entry = providers[line.Name];
        CallTally tally = await CallTally.RunAsync(line.Count(0), async _ => entry.Saw(await entry.Provider.GetAccessTokenAsync()));
        return tally.Tokens;
    }

    private async Task<string> BusyAsync(CommandLine line)
    {
        ProviderEntry entry = providers[line.Name];
        AccessToken token;
        do
        {
            token = await entry.Provider.GetAccessTokenAsync();
        }
        while (token.ExpiresAt < TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1));

        return entry.Saw(token);
    }

    private async Task<string> RefreshAsync(CommandLine line)
    {
        ProviderEntry entry = providers[line.Name];
        AccessToken rejected = entry.Recall(line.RequiredWord(0, "the fingerprint of a token, or 'last'"));
        CallTally tally = await CallTally.RunAsync(
            line.Count(1),
            async _ => entry.Saw(await entry.Provider.RefreshAccessTokenAsync(rejected)));
        return tally.Tokens;
    }

    private Task<string> StoreAsync(CommandLine line) => Silent(providers[line.Name].Provider.StoreAsync(CredentialsOf(line)));

    private static OAuthCredentials CredentialsOf(CommandLine line)
    {
        string expires = line.RequiredWord(2, "the expiry: epoch milliseconds, 'in:seconds', or '-' for unknown");
        DateTimeOffset? expiresAt = expires switch
        {
            "-" => null,
            _ when expires.StartsWith("in:", StringComparison.Ordinal) =>
                TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(double.Parse(expires[3..], CultureInfo.InvariantCulture)),
            _ => DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(expires, CultureInfo.InvariantCulture)),
        };
        return new OAuthCredentials(
            line.RequiredWord(0, "the access token"),
            line.RequiredWord(1, "the refresh token"),
            expiresAt);
    }

    private async Task<string> StatusAsync(CommandLine line)
    {
        TokenRefreshStatus status = await providers[line.Name].Provider.GetStatusAsync();
        string holder = status.LockHolder?.ProcessId.ToString(CultureInfo.InvariantCulture) ?? "-";
        string expires = status.AccessTokenExpiresAt?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) ?? "-";
        string known = $"state={status.State} holder={holder} expires={expires}";
        return $"{known} location={Uri.EscapeDataString(status.Location)} problem={status.Problem ?? "-"}";
    }

    private async Task<string> ShortAsync(CommandLine line)
    {
        IReadOnlyDictionary<string, string> settings = providers[line.Name].Settings;
        int cycles = line.Count(0);
        TimeSpan patience = line.Settings.TryGetValue("patience", out string? milliseconds)
            ? TimeSpan.FromMilliseconds(double.Parse(milliseconds, CultureInfo.InvariantCulture))
            : Timeout.InfiniteTimeSpan;
        var tokens = new HashSet<string>(StringComparer.Ordinal);
        var givenUp = 0;
        for (int i = 0; i < cycles; i++)
        {
            await using ProviderEntry entry = providers.NewEntry(settings);
            using var enough = new CancellationTokenSource(patience, TimeProvider.System);
            try
            {
                tokens.Add(entry.Saw(await entry.Provider.GetAccessTokenAsync(enough.Token)));
            }
            catch (OperationCanceledException)
            {
                givenUp++;
            }
        }

        return $"cycles={cycles} distinct={tokens.Count} givenUp={givenUp}";
    }

    private async Task<string> StoresAsync(CommandLine line)
    {
        CoordinatedTokenProvider provider = providers[line.Name].Provider;
        int count = line.Count(0);
        DateTimeOffset expiresAt = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1);
        for (int i = 0; i < count; i++)
        {
            await provider.StoreAsync(new OAuthCredentials($"access-{i}", $"refresh-{i}", expiresAt));
        }

        return "";
    }

    private static async Task<string> Silent(Task task)
    {
        await task;
        return "";
    }
}
