using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Knows which logins a service collection has, and which clients have our handler. Written during registration, read afterwards.
/// </summary>
internal sealed class TokenRefreshRegistry
{
    private const string ClientNamePrefix = "TokenRefresh";

    private readonly IServiceCollection _services;
    private readonly List<string> _names = [];
    private readonly List<ServiceDescriptor> _tokenProviders = [];
    private readonly HashSet<string> _handledClients = new(StringComparer.Ordinal);

    private TokenRefreshRegistry(IServiceCollection services) => _services = services;

    /// <summary>Finds the one registry of these services, or adds it.</summary>
    internal static TokenRefreshRegistry GetOrAdd(IServiceCollection services)
    {
        foreach (ServiceDescriptor service in services)
        {
            if (!service.IsKeyedService && service.ImplementationInstance is TokenRefreshRegistry present)
            {
                return present;
            }
        }

        var registry = new TokenRefreshRegistry(services);
        services.AddSingleton(registry);
        return registry;
    }

    /// <summary>
    /// Returns the key under which the parts of a login are registered: its name, or <see langword="null"/>, that is no key, for the
    /// unnamed login.
    /// </summary>
    internal static string? KeyOf(string name) => name.Length == 0 ? null : name;

    /// <summary>Returns the name of the client of <see cref="IHttpClientFactory"/> that sends a login's token requests.</summary>
    internal static string ClientNameOf(string name) => name.Length == 0 ? ClientNamePrefix : $"{ClientNamePrefix}:{name}";

    /// <summary>Notes a login, and tells whether it is new.</summary>
    internal bool TryAddLogin(string name)
    {
        if (_names.Contains(name))
        {
            return false;
        }

        _names.Add(name);
        return true;
    }

    /// <summary>Registers a login's provider as <see cref="ITokenProvider"/>, unless something else is.</summary>
    internal void TryAddTokenProvider(ServiceDescriptor descriptor)
    {
        if (FindTokenProvider(descriptor.ServiceKey) is null)
        {
            _services.Add(descriptor);
            _tokenProviders.Add(descriptor);
        }
    }

    /// <summary>
    /// Tells whether a registration of the program, such as a fake in its tests, has taken the place of a login's provider. One without a
    /// key takes that of the only login too.
    /// </summary>
    internal bool IsReplaced(string name) => IsReplacedAt(KeyOf(name)) || (_names.Count == 1 && IsReplacedAt(key: null));

    /// <summary>Notes that a client got our handler, and tells whether it is its first.</summary>
    internal bool TryAddHandledClient(string clientName) => _handledClients.Add(clientName);

    /// <summary>Tells whether a client sends token requests itself.</summary>
    internal bool IsTokenEndpointClient(string? clientName) =>
        clientName is not null && _names.Exists(name => ClientNameOf(name) == clientName);

    /// <summary>Returns the login that is meant where no name is given: the unnamed one, else the only one.</summary>
    /// <exception cref="InvalidOperationException">There are several named logins and no unnamed one.</exception>
    internal string SoleLogin()
    {
        if (_names.Count > 1 && !_names.Contains(Options.DefaultName))
        {
            throw new InvalidOperationException(SeveralLogins());
        }

        return _names.Count == 1 ? _names[0] : Options.DefaultName;
    }

    /// <summary>Tells why no provider is meant where no name is given, or <see langword="null"/> if one is.</summary>
    internal string? FindProblemWithoutName() =>
        _names.Count > 1 && !_names.Contains(Options.DefaultName) && !IsReplacedAt(key: null) ? SeveralLogins() : null;

    private string SeveralLogins() =>
        $"Several token refreshes are registered ('{string.Join("', '", _names)}'), and none without a name. " +
        "Say which one: [FromKeyedServices(\"name\")] at a parameter, GetRequiredKeyedService in code, " +
        "or AddTokenRefreshHandler(\"name\").";

    private bool IsReplacedAt(object? key) => FindTokenProvider(key) is { } descriptor && !_tokenProviders.Contains(descriptor);

    // The last one counts, as for the container.
    private ServiceDescriptor? FindTokenProvider(object? key)
    {
        for (int i = _services.Count - 1; i >= 0; i--)
        {
            if (_services[i].ServiceType == typeof(ITokenProvider) && Equals(_services[i].ServiceKey, key))
            {
                return _services[i];
            }
        }

        return null;
    }
}
