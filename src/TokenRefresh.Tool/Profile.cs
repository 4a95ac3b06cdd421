using System.Text.Json;

namespace TokenRefresh.Tool;

/// <summary>One login as it is configured: a profile of the configuration file, with what options and variables set in its place.</summary>
internal sealed class Profile
{
    private readonly string _origin;
    private readonly JsonElement _members;
    private readonly IReadOnlyList<(string Name, string Value)> _overrides;

    internal Profile(string name, string origin, JsonElement members, IReadOnlyList<(string Name, string Value)> overrides)
    {
        Name = name;
        _origin = origin;
        _members = members;
        _overrides = overrides;
        Apply(new TokenRefreshOptions());
    }

    internal string Name { get; }

    /// <summary>Gets how to sign in; the library knows nothing of it.</summary>
    internal SignInSettings SignIn { get; } = new();

    internal TokenRefreshOptions Options()
    {
        var options = new TokenRefreshOptions();
        Apply(options);
        return options;
    }

    internal CoordinatedTokenProvider CreateProvider(ToolLog? log = null, Action<TokenRefreshOptions>? change = null) =>
        CoordinatedTokenProvider.Create(
            options =>
            {
                Apply(options);
                change?.Invoke(options);
            },
            log is null ? null : new CoordinatedTokenProviderServices { LoggerFactory = log });

    private void Apply(TokenRefreshOptions options)
    {
        if (_members.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty member in _members.EnumerateObject())
            {
                if (!ProfileMembers.TrySet(options, SignIn, member.Name, member.Value, out string? problem))
                {
                    throw new ToolException($"{_origin}: '{member.Name}' {problem}");
                }
            }
        }

        foreach ((string name, string value) in _overrides)
        {
            ProfileMembers.Set(options, name, value);
        }
    }
}
