using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh;
using TokenRefresh.Keychain;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps a login that <c>AddTokenRefresh</c> has registered in the keychain of the system.</summary>
public static class KeychainTokenRefreshBuilderExtensions
{
    /// <summary>
    /// Keeps the login in the keychain of the system and not in a file; <see cref="TokenRefreshOptions.CredentialsPath"/> is then not
    /// needed.
    /// </summary>
    /// <param name="builder">The login.</param>
    /// <param name="configure">Says which item, and how long the keychain may take.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// The first use of the store throws <see cref="TokenRefreshConfigurationException"/> if an option is out of its range, or a time limit
    /// does not fit into the times of the login.
    /// </remarks>
    /// <example>
    /// <code>
    /// services
    ///     .AddTokenRefresh(o => (o.TokenEndpoint, o.ClientId) = (new Uri("https://auth.example.com/token"), "my-cli"))
    ///     .UseKeychain(options => options.Service = "my-cli");
    /// </code>
    /// </example>
    public static ITokenRefreshBuilder UseKeychain(this ITokenRefreshBuilder builder, Action<KeychainOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var options = new KeychainOptions();
        configure(options);
        return UseKeychain(builder, options);
    }

    /// <summary>Keeps the login in the keychain of the system and not in a file.</summary>
    /// <param name="builder">The login.</param>
    /// <param name="options">The item, <see cref="KeychainOptions.ClaudeCode"/> for example.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>As the other overload.</remarks>
    public static ITokenRefreshBuilder UseKeychain(this ITokenRefreshBuilder builder, KeychainOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        return builder.UseStore(services => new KeychainCredentialsStore(
            options,
            services.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get(builder.Name),
            services.GetService<TimeProvider>(),
            services.GetService<ILoggerFactory>(),
            KeychainCredentialsStore.KeychainOf));
    }
}
