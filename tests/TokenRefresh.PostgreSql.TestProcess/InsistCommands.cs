using System.Globalization;
using TokenRefresh.Testing;

namespace TokenRefresh.TestProcess;

/// <summary>
/// <c>create endpoint= [refresh-timeout= save-timeout= lock-timeout= window=]</c>, in milliseconds and with what the store needs, and
/// <c>insist</c>, which asks a new provider until it gives a token that is not about to expire, or an error that does not pass.
/// </summary>
internal static class InsistCommands
{
    /// <summary>Adds them.</summary>
    /// <param name="host">The program.</param>
    /// <param name="open">Makes the store; <see langword="null"/> for the file named by <c>path=</c>.</param>
    /// <param name="passes">Says of an error that is not transient whether it passes all the same; by default none does.</param>
    internal static void Add(CommandHost host, Func<CommandLine, ICredentialsStore?> open, Func<TokenRefreshException, bool>? passes = null)
    {
        Func<CoordinatedTokenProvider>? create = null;
        host.Add("create", line =>
        {
            ICredentialsStore? store = open(line);
            create = () => CoordinatedTokenProvider.Create(
                options =>
                {
                    options.TokenEndpoint = new Uri(line.Settings["endpoint"]);
                    options.ClientId = "tests";
                    options.CredentialsPath = line.Settings.GetValueOrDefault("path");
                    options.AllowInsecureHttp = true;
                    options.RefreshTimeout = Time(line, "refresh-timeout", 20);
                    options.AttemptTimeout = options.RefreshTimeout * 0.75;
                    options.SaveTimeout = Time(line, "save-timeout", 5);
                    options.LockTimeout = Time(line, "lock-timeout", 30);
                    options.RefreshTokenReuseWindow = line.Settings.ContainsKey("window") ? Time(line, "window", 0) : null;
                },
                new CoordinatedTokenProviderServices { CredentialsStore = store });
            return Task.FromResult("");
        });
        host.Add("insist", async _ =>
        {
            await using CoordinatedTokenProvider provider = create!();
            for (var errors = 0; ; errors++)
            {
                try
                {
                    AccessToken token = await provider.GetAccessTokenAsync();
                    if (token.ExpiresAt > TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1))
                    {
                        return $"{TokenFingerprint.Of(token.Value)} errors={errors}";
                    }
                }
                catch (TokenRefreshException e)
                    when (e.IsTransient || e is LockTimeoutException or RefreshOutcomeUnknownException || passes?.Invoke(e) == true)
                {
                    host.Announce($"waits: {e.GetType().Name} {e.Message.ReplaceLineEndings(" ")}");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        });
    }

    /// <summary>Reads a setting in milliseconds.</summary>
    internal static TimeSpan Time(CommandLine line, string name, double seconds) => TimeSpan.FromMilliseconds(
        double.Parse(line.Settings.GetValueOrDefault(name) ?? $"{seconds * 1000:F0}", CultureInfo.InvariantCulture));
}
