using System.Text.Json;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool;

/// <summary>One login as it is configured: a profile of the configuration file, with what options and variables set in its place.</summary>
internal sealed class Profile
{
    private readonly JsonElement _members;
    private readonly IReadOnlyList<(string Name, string Value)> _overrides;

    internal Profile(
        string name, string file, JsonElement members, IReadOnlyList<(string Name, string Value)> overrides, TimeProvider time)
    {
        Name = name;
        File = file;
        Time = time;
        _members = members;
        _overrides = overrides;
        Apply(new TokenRefreshOptions());
    }

    internal string Name { get; }

    /// <summary>Gets the configuration file, which need not exist.</summary>
    internal string File { get; }

    /// <summary>Gets the clock of stores.</summary>
    internal TimeProvider Time { get; }

    /// <summary>Gets where the login is kept.</summary>
    internal StoreSettings Store { get; } = new();

    /// <summary>Gets the store that the providers of this profile use, to be disposed after them; none where they use the file.</summary>
    internal LoginStore? OpenedStore { get; private set; }

    /// <summary>Gets how to sign in; the library knows nothing of it.</summary>
    internal SignInSettings SignIn { get; } = new();

    /// <summary>Tells whether the file has a member.</summary>
    internal bool HasMember(string name) =>
        _members.ValueKind == JsonValueKind.Object
        && _members.EnumerateObject().Any(entry => entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    internal TokenRefreshOptions Options()
    {
        var options = new TokenRefreshOptions();
        Apply(options);
        return options;
    }

    internal CoordinatedTokenProvider CreateProvider(
        ToolLog? log = null,
        Action<TokenRefreshOptions>? change = null,
        TimeProvider? time = null)
    {
        if (Store.Kind != StoreKind.File)
        {
            OpenedStore ??= LoginStore.Open(Store.Kind, this, log);
        }

        return CoordinatedTokenProvider.Create(
            options =>
            {
                Apply(options);
                if (OpenedStore is not null)
                {
                    // Those of the file.
                    options.CompatibleLocks = null;
                }

                change?.Invoke(options);
            },
            new CoordinatedTokenProviderServices { LoggerFactory = log, TimeProvider = time, CredentialsStore = OpenedStore?.Store });
    }

    private void Apply(TokenRefreshOptions options)
    {
        if (_members.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty member in _members.EnumerateObject())
            {
                if (!ProfileMembers.TrySet(options, SignIn, Store, member.Name, member.Value, out string? problem))
                {
                    throw new ToolException($"Profile '{Name}' in '{File}': '{member.Name}' {problem}");
                }
            }
        }

        foreach ((string name, string value) in _overrides)
        {
            ProfileMembers.Set(options, Store, name, value);
        }
    }
}
