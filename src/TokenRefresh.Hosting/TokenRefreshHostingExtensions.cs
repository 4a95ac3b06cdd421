using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh;
using TokenRefresh.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>What a host does for its logins: keeps them fresh, and reports their state.</summary>
public static class TokenRefreshHostingExtensions
{
    private static readonly TimeSpan LeastMargin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MostMargin = TimeSpan.FromDays(1);

    /// <summary>
    /// Keeps this login ahead of its expiry while the host runs, so that no request waits for a token request. Each expiry still costs one
    /// over all processes that share the store.
    /// </summary>
    /// <remarks>
    /// What keeps it from being refreshed, such as a user who must sign in, is logged once, and again when it works. A second call for the
    /// same login changes its options only.
    /// </remarks>
    /// <param name="builder">The login.</param>
    /// <param name="configure">Sets the options; <see langword="null"/> for the defaults. Validated when the host starts.</param>
    /// <returns>The builder.</returns>
    /// <example>
    /// <code>
    /// builder.Services.AddTokenRefresh(section).KeepFresh();
    /// </code>
    /// </example>
    public static ITokenRefreshBuilder KeepFresh(this ITokenRefreshBuilder builder, Action<KeepFreshOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        string login = builder.Name;
        OptionsBuilder<KeepFreshOptions> options = builder.Services.AddOptions<KeepFreshOptions>(login);
        if (configure is not null)
        {
            options.Configure(configure);
        }

        if (builder.Services.Any(service => service.ServiceType == typeof(KeepFreshMark) && Equals(service.ServiceKey, login)))
        {
            return builder;
        }

        builder.Services.AddKeyedSingleton(login, new KeepFreshMark());
        options.ValidateOnStart().Validate(
            static o => o.Margin >= LeastMargin && o.Margin <= MostMargin,
            $"'{nameof(KeepFreshOptions.Margin)}' must be {LeastMargin} to {MostMargin}.");
        builder.Services.AddSingleton<IHostedService>(services => new KeepFreshService(
            Login(services, login),
            services.GetRequiredService<IOptionsMonitor<KeepFreshOptions>>().Get(login).Margin,
            services.GetRequiredService<ILoggerFactory>().CreateLogger("TokenRefresh.Hosting"),
            services.GetService<TimeProvider>() ?? TimeProvider.System));
        return builder;
    }

    /// <summary>
    /// Adds a check of a login: healthy while tokens can be had without the user, degraded while they cannot for the moment, and failed
    /// when the user must sign in or the store cannot be read. It reads the store, and sends nothing.
    /// </summary>
    /// <param name="builder">The checks.</param>
    /// <param name="login">The name of the login; <see langword="null"/> for the only one.</param>
    /// <param name="name">The name of the check; <see langword="null"/> for <c>token_refresh</c>, with the login's name behind it if it
    /// has one.</param>
    /// <param name="failureStatus">What a failed check reports; <see langword="null"/> for unhealthy.</param>
    /// <param name="tags">The tags of the check.</param>
    /// <returns>The builder.</returns>
    public static IHealthChecksBuilder AddTokenRefreshHealthCheck(
        this IHealthChecksBuilder builder,
        string? login = null,
        string? name = null,
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name ?? (string.IsNullOrEmpty(login) ? "token_refresh" : $"token_refresh_{login}"),
            services => new LoginHealthCheck(Login(services, login)),
            failureStatus,
            tags));
    }

    private static CoordinatedTokenProvider Login(IServiceProvider services, string? name) => string.IsNullOrEmpty(name)
        ? services.GetRequiredService<CoordinatedTokenProvider>()
        : services.GetRequiredKeyedService<CoordinatedTokenProvider>(name);

    // Says that a login has its service.
    private sealed class KeepFreshMark;
}
