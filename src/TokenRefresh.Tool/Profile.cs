using System.Globalization;
using System.Text;
using System.Text.Json;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool;

/// <summary>One login as it is configured: a profile of the configuration file, with what options and variables set in its place.</summary>
internal sealed class Profile
{
    private readonly JsonElement _members;
    private readonly IReadOnlyList<(string Name, string Value)> _overrides;
    private readonly Func<string, string?> _option;

    internal Profile(
        string name,
        string file,
        JsonElement members,
        IReadOnlyList<(string Name, string Value)> overrides,
        Func<string, string?> option,
        TimeProvider time)
    {
        Name = name;
        File = file;
        Time = time;
        _members = members;
        _overrides = overrides;
        _option = option;
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

    /// <summary>Tells whether an option or a variable is set in place of the file's member.</summary>
    internal bool IsOverridden(string option) => _overrides.Any(entry => entry.Name == option);

    /// <summary>Writes a command for a login of this profile, with the options that name it on this command line.</summary>
    /// <param name="command">The command.</param>
    /// <param name="store">Its store; <see langword="null"/> for that of this command line.</param>
    internal string Command(string command, StoreKind? store = null)
    {
        var text = new StringBuilder($"token-refresh {command}");
        foreach (string name in Configuration.Overrides.Select(static names => names.Option).Prepend("--profile").Prepend("--config"))
        {
            string? value = !name.StartsWith('-') ? null : name == "--store" && store is { } kind ? Words.Of(kind) : _option(name);
            if (value is not null)
            {
                // A query may hold a key.
                bool isShown = name != "--token-endpoint" || !value.AsSpan().ContainsAny('?', '@');
                text.Append(CultureInfo.InvariantCulture, $" {name} {(isShown ? Words.Argument(value) : "...")}");
            }
        }

        return text.ToString();
    }

    /// <summary>Names the login of this command line in the commands that a message advises.</summary>
    internal string WithCommands(string message) => message
        .Replace("'token-refresh login'", $"'{Command("login")}'", StringComparison.Ordinal)
        .Replace("'token-refresh token'", $"'{Command("token")}'", StringComparison.Ordinal);

    /// <summary>Reads the login once more, for what a status does not tell.</summary>
    internal async Task<(OAuthCredentials? Login, TokenRefreshException? Failure)> ReadLoginAsync()
    {
        LoginStore store = OpenedStore ?? LoginStore.Open(StoreKind.File, this, log: null);
        try
        {
            return (await store.Store.ReadAsync().ConfigureAwait(false), null);
        }
        catch (TokenRefreshException e)
        {
            return (null, e);
        }
        finally
        {
            if (OpenedStore is null)
            {
                await store.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

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
