using TokenRefresh;

namespace ConcurrentSessions;

/// <summary>Makes the provider of a half. Everything else is the same in both.</summary>
internal static class Providers
{
    public static ITokenProvider Create(SessionSettings settings) => settings.Provider switch
    {
        ProviderKind.Uncoordinated => new UncoordinatedTokenProvider(settings),
        ProviderKind.Coordinated => CoordinatedTokenProvider.Create(o => Configure(o, settings)),
        ProviderKind.CoordinatedWithNoOpLock => CoordinatedTokenProvider.Create(
            o => Configure(o, settings),
            new CoordinatedTokenProviderServices { CredentialsStore = new NoOpLockCredentialsStore(settings.File) }),
        _ => throw new ArgumentOutOfRangeException(nameof(settings), settings.Provider, "Unknown provider."),
    };

    private static void Configure(TokenRefreshOptions options, SessionSettings settings)
    {
        options.CredentialsPath = settings.File;
        options.TokenEndpoint = settings.TokenEndpoint;
        options.ClientId = SessionSettings.ClientId;

        // Off, so that every refresh answers a real expiry and the server's books can be compared: a refresh ahead of time would end a
        // token that had not expired.
        options.RefreshBeforeExpiration = TimeSpan.Zero;
        options.ExpirationSkew = TimeSpan.Zero;
    }
}
