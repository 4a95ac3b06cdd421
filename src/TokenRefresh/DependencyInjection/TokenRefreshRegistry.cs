using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TokenRefresh.DependencyInjection;

/// <summary>Knows which logins a service collection has, and which clients have our handler. Written during registration, read afterwards.</summary>
internal sealed class TokenRefreshRegistry
{
    private const string ClientNamePrefix = "TokenRefresh";

    private readonly List<string> _names = [];
    private readonly HashSet<string> _handledClients = new(StringComparer.Ordinal);

    /// <summary>Finds the registry of these services, or adds it.</summary>
    /// <param name="services">The services.</param>
    /// <returns>The one registry of these services.</returns>
    public static TokenRefreshRegistry GetOrAdd(IServiceCollection services)
    {
        foreach (ServiceDescriptor service in services)
        {
            if (!service.IsKeyedService && service.ImplementationInstance is TokenRefreshRegistry present)
            {
                return present;
            }
        }

        var registry = new TokenRefreshRegistry();
        services.AddSingleton(registry);
        return registry;
    }

    /// <summary>Returns the key under which the parts of a login are registered.</summary>
    /// <param name="name">The login's name.</param>
    /// <returns>The name; <see langword="null"/>, that is no key, for the unnamed login.</returns>
    public static string? KeyOf(string name) => name.Length == 0 ? null : name;

    /// <summary>Returns the name of the client that sends a login's token requests.</summary>
    /// <param name="name">The login's name.</param>
    /// <returns>The name of a client of <see cref="IHttpClientFactory"/>.</returns>
    public static string ClientNameOf(string name) => name.Length == 0 ? ClientNamePrefix : $"{ClientNamePrefix}:{name}";

    /// <summary>Notes a login.</summary>
    /// <param name="name">The login's name.</param>
    /// <returns>Whether it is new.</returns>
    public bool TryAddLogin(string name)
    {
        if (_names.Contains(name))
        {
            return false;
        }

        _names.Add(name);
        return true;
    }

    /// <summary>Notes that a client got our handler.</summary>
    /// <param name="clientName">The client's name.</param>
    /// <returns>Whether it is its first.</returns>
    public bool TryAddHandledClient(string clientName) => _handledClients.Add(clientName);

    /// <summary>Tells whether a client sends token requests itself.</summary>
    /// <param name="clientName">The client's name.</param>
    /// <returns>Whether it belongs to one of the logins.</returns>
    public bool IsTokenEndpointClient(string? clientName) => clientName is not null && _names.Exists(name => ClientNameOf(name) == clientName);

    /// <summary>Returns the login that is meant where no name is given.</summary>
    /// <returns>The unnamed login, else the only one.</returns>
    /// <exception cref="InvalidOperationException">There are several named logins and no unnamed one.</exception>
    public string SoleLogin()
    {
        if (_names.Contains(Options.DefaultName))
        {
            return Options.DefaultName;
        }

        return _names.Count == 1
            ? _names[0]
            : throw new InvalidOperationException(
                $"Several token refreshes are registered ({string.Join(", ", _names.Select(name => $"'{name}'"))}), and none without a name. " +
                "Say which one: [FromKeyedServices(\"name\")] at a parameter, GetRequiredKeyedService in code, or AddTokenRefreshHandler(\"name\").");
    }
}
