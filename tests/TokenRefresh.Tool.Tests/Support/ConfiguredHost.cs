using System.Text.Json.Nodes;

namespace TokenRefresh.Tool.Tests;

/// <summary>Runs commands for the one profile of a configuration file, as a user has it who keeps the login elsewhere than in the file.
/// </summary>
internal sealed class ConfiguredHost
{
    private readonly SharedLogin _login;
    private readonly string _path;

    public ConfiguredHost(SharedLogin login, JsonObject members)
    {
        _login = login;
        _path = Path.Combine(login.Directory.Path, "config.json");
        members["credentialsPath"] = login.Path;
        members["tokenEndpoint"] = login.Server.TokenUri.AbsoluteUri;
        members["clientId"] = "tests";
        members["fileFormat"] ??= "ClaudeCode";
        File.WriteAllText(_path, new JsonObject { ["profiles"] = new JsonObject { ["work"] = members } }.ToJsonString());
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    public string ConfigurationPath => _path;

    /// <summary>Runs a command; what it printed, errors too, held no token.</summary>
    public async Task<(int Code, string Output)> RunAsync(params string[] args)
    {
        using var host = new TestHost();
        host.Variables["TOKEN_REFRESH_CONFIG"] = _path;
        int code = await host.RunAsync(args);
        string output = host.Output + host.Errors;
        if (args[0] != "token" && SecretSearch.CountLeaks(output, _login.Server.IssuedTokens) > 0)
        {
            throw new InvalidOperationException($"'{args[0]}' has printed a token.");
        }

        return (code, output);
    }
}
