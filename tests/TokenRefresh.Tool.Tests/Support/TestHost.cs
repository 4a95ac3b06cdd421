namespace TokenRefresh.Tool.Tests;

/// <summary>Runs commands in this process: what they print is kept, and their environment is only what a test sets.</summary>
internal sealed class TestHost : ToolHost, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private TextReader _in = TextReader.Null;
    private readonly WatchedWriter _out = new();
    private readonly WatchedWriter _error = new();

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal) { ["XDG_CONFIG_HOME"] = "/nonexistent" };

    public string Input { set => _in = new StringReader(value); }

    public string Output => _out.ToString();

    public string Errors => _error.ToString();

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    internal override TextReader In => _in;

    internal override TextWriter Out => _out;

    internal override TextWriter Error => _error;

    internal override bool IsInputTerminal => false;

    internal override bool IsOutputTerminal => false;

    internal override bool IsErrorTerminal => false;

    internal override TimeProvider Time => Clock;

    /// <summary>Makes a host whose environment names a login.</summary>
    public static TestHost Of(SharedLogin login, TimeProvider? clock = null)
    {
        var host = new TestHost { Clock = clock ?? TimeProvider.System };
        host.Variables["TOKEN_REFRESH_CREDENTIALS"] = login.Path;
        host.Variables["TOKEN_REFRESH_TOKEN_ENDPOINT"] = login.Server.TokenUri.AbsoluteUri;
        host.Variables["TOKEN_REFRESH_CLIENT_ID"] = "tests";
        return host;
    }

    public Task<int> RunAsync(params string[] args) => CommandLine.RunAsync(args, this);

    public Task<string> WaitForOutputAsync(string text) => _out.WaitForAsync(text).WaitAsync(Patience, TimeProvider.System);

    public Task<string> WaitForErrorAsync(string text) => _error.WaitForAsync(text).WaitAsync(Patience, TimeProvider.System);

    protected override string? ReadVariable(string name) => Variables.GetValueOrDefault(name);

    public void Dispose()
    {
        _in.Dispose();
        _out.Dispose();
        _error.Dispose();
    }
}
