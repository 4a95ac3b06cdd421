using Microsoft.Extensions.Options;
using TokenRefresh;
using TokenRefresh.PostgreSql;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps logins that <c>AddTokenRefresh</c> has registered in PostgreSQL.</summary>
public static class PostgreSqlTokenRefreshBuilderExtensions
{
    /// <summary>Keeps the login in PostgreSQL.</summary>
    /// <param name="builder">The login.</param>
    /// <param name="connectionString">The connection string.</param>
    /// <param name="configure">Sets further options; <see langword="null"/> for the defaults.</param>
    /// <returns>The same builder.</returns>
    public static ITokenRefreshBuilder UsePostgreSql(
        this ITokenRefreshBuilder builder, string connectionString, Action<PostgreSqlStoreOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        return UsePostgreSql(
            builder,
            (_, options) =>
            {
                options.ConnectionString = connectionString;
                configure?.Invoke(options);
            });
    }

    /// <summary>Keeps the login in PostgreSQL, with options that other services know: a data source, data protection.</summary>
    /// <param name="builder">The login.</param>
    /// <param name="configure">
    /// Sets the options. They begin as the container's options of the login's name
    /// (<c>services.Configure&lt;PostgreSqlStoreOptions&gt;</c>), with the time-outs, name and clock of the login.
    /// </param>
    /// <returns>The same builder.</returns>
    /// <example>
    /// <code>
    /// services.AddTokenRefresh(section).UsePostgreSql((provider, options) =>
    /// {
    ///     options.DataSource = provider.GetRequiredService&lt;NpgsqlDataSource&gt;();
    ///     options.DataProtection = provider.GetRequiredService&lt;IDataProtectionProvider&gt;();
    /// });
    /// </code>
    /// </example>
    public static ITokenRefreshBuilder UsePostgreSql(
        this ITokenRefreshBuilder builder, Action<IServiceProvider, PostgreSqlStoreOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        string login = builder.Name;
        builder.Services.AddOptions<PostgreSqlStoreOptions>(login);
        return builder.UseStore(services =>
        {
            TokenRefreshOptions times = services.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get(login);
            PostgreSqlStoreOptions options = services.GetRequiredService<IOptionsFactory<PostgreSqlStoreOptions>>().Create(login);
            options.RefreshTimeout = times.RefreshTimeout;
            options.SaveTimeout = times.SaveTimeout;
            options.TimeProvider ??= services.GetService<TimeProvider>();
            if (login.Length > 0 && options.Name == new PostgreSqlStoreOptions().Name)
            {
                options.Name = login;
            }

            configure(services, options);
            return new PostgreSqlCredentialsStore(options);
        });
    }
}
