using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Endpoint;
using TokenRefresh.Locking;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Exploration;

namespace TokenRefresh.Tests.Diagnostics;

/// <summary>Everything the library says in a test, on every way out, and the secrets that must not be in it.</summary>
internal sealed class CollectedOutput : IDisposable
{
    private readonly ConcurrentQueue<string> _texts = new();
    private readonly HashSet<string> _secrets = new(StringComparer.Ordinal);
    private readonly LogCollector _logs = new();
    private readonly CollectedMeasurements _measured = new();
    private readonly ILoggerFactory _loggers;
    private readonly ActivityListener _listener;

    internal CollectedOutput()
    {
        _loggers = LoggerFactory.Create(b => b.SetMinimumLevel(LogLevel.Trace).AddProvider(_logs));
        _listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => Exploring.IsWalking
                ? ActivitySamplingResult.None
                : ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => _texts.Enqueue(
                $"{activity.OperationName} {activity.DisplayName} {activity.StatusDescription} {string.Join(' ', activity.TagObjects)} "
                + $"{string.Join(' ', activity.Baggage)} {string.Join(' ', activity.Events.SelectMany(e => e.Tags))}"),
        };
        ActivitySource.AddActivityListener(_listener);
    }

    private string Text => string.Join('\n', [.. _texts.ToArray(), _logs.Text, .. _measured.Lines]);

    /// <summary>Fails unless each of these was said; without them nothing was looked at. Shows nothing of the rest.</summary>
    internal void ShouldSay(params string[] words) =>
        words.Where(word => !Text.Contains(word, StringComparison.Ordinal)).Should().BeEmpty();

    /// <summary>Gets how many secrets are looked for.</summary>
    internal int Secrets => _secrets.Count;

    /// <summary>Gets in how many places a part of a secret stands. A count, so that a failure does not print what it found.</summary>
    internal int Leaks => SecretSearch.CountLeaks(Text, _secrets);

    internal CoordinatedTokenProviderServices Services(TimeProvider clock) =>
        new() { TimeProvider = clock, LoggerFactory = _loggers, MeterFactory = _measured.Factory };

    internal CoordinatedTokenProviderServices Services(TimeProvider clock, ICredentialsStore store) =>
        new() { TimeProvider = clock, LoggerFactory = _loggers, MeterFactory = _measured.Factory, CredentialsStore = store };

    internal CoordinatedTokenProviderServices Services(TimeProvider clock, HttpMessageInvoker invoker) =>
        new() { TimeProvider = clock, LoggerFactory = _loggers, MeterFactory = _measured.Factory, HttpMessageInvoker = invoker };

    internal CoordinatedTokenProviderServices Services(TimeProvider clock, ITokenEndpointClient client) =>
        new() { TimeProvider = clock, LoggerFactory = _loggers, MeterFactory = _measured.Factory, TokenEndpointClient = client };

    internal void Add(object? text) => _texts.Enqueue(text?.ToString() ?? "");

    internal void AddSecrets(params ReadOnlySpan<string> secrets)
    {
        foreach (string secret in secrets)
        {
            _secrets.Add(secret);
        }
    }

    internal void Add(AccessToken token)
    {
        _secrets.Add(token.Value);
        _texts.Enqueue(token.ToString());
    }

    /// <summary>Runs what may fail, and keeps the whole of what it throws.</summary>
    internal async Task RunAsync(Func<Task> act) => Add(await Xunit.Record.ExceptionAsync(act));

    internal void AttachTo(TokenRefreshOptions options)
    {
        options.Events.Refreshed = KeepAsync;
        options.Events.Adopted = KeepAsync;
        options.Events.SaveFailed = KeepAsync;
        options.Events.TokensDiscarded = KeepAsync;
        options.Events.SignInRequired = KeepAsync;
        Add(options);

        ValueTask KeepAsync<T>(T e)
        {
            Add(e);
            return default;
        }
    }

    /// <summary>Keeps the names of all files beside the credentials, and the bytes of the lock.</summary>
    internal void AddFilesOf(SharedLogin login)
    {
        foreach (string path in Directory.EnumerateFileSystemEntries(login.Directory.Path))
        {
            Add(path);
        }

        // A managed read would take a lock of its own, and be refused while someone holds the real one.
        using SafeFileHandle? file = LockFile.OpenForReading(login.LockPath);
        if (file is not null)
        {
            var bytes = new byte[RandomAccess.GetLength(file)];
            RandomAccess.Read(file, bytes, 0);
            Add(Encoding.Latin1.GetString(bytes));
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _loggers.Dispose();
        _logs.Dispose();
        _measured.Dispose();
    }
}
