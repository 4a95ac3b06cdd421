using System.Reflection;
using TokenRefresh;
using TokenRefresh.Testing;

/// <summary>
/// Runs before the code of a program that <see cref="StoreProcess"/> starts, in its place. The runtime finds it by DOTNET_STARTUP_HOOKS and
/// by this name, without a namespace.
/// </summary>
#pragma warning disable MA0047 // In no namespace, as the runtime wants it.
internal static class StartupHook
#pragma warning restore MA0047
{
    internal const string TestsVariable = "TOKENREFRESH_CONFORMANCE_TESTS";
    internal const string TaskVariable = "TOKENREFRESH_CONFORMANCE_TASK";
    internal const string MediumVariable = "TOKENREFRESH_CONFORMANCE_MEDIUM";
    internal const string TokenEndpointVariable = "TOKENREFRESH_CONFORMANCE_TOKEN_ENDPOINT";

    public static void Initialize()
    {
        if (Enum.TryParse(Environment.GetEnvironmentVariable(TaskVariable), out StoreTask task))
        {
            // Not on this thread, whose return lets the program begin.
            Task.Run(() => RunAsync(task)).GetAwaiter().GetResult();
            Environment.Exit(0);
        }
    }

    private static async Task RunAsync(StoreTask task)
    {
        var tests = Type.GetType(Environment.GetEnvironmentVariable(TestsVariable)!, throwOnError: true)!;
        ConstructorInfo constructor = tests.GetConstructors()[0];
        var instance = (CredentialsStoreConformanceTests)constructor.Invoke(new object?[constructor.GetParameters().Length]);
        ICredentialsStore store = await instance.OpenSharedAsync(Environment.GetEnvironmentVariable(MediumVariable)!);
        switch (task)
        {
            case StoreTask.Hold:
                await AcquireAsync(store);
                SayLine("held");
                break;
            case StoreTask.Commit:
                _ = CommitAsync(store);
                break;
            case StoreTask.Refresh:
                await RefreshAsync(store);
                break;
        }

        // The end of standard input is the end of the tests.
        await Console.In.ReadToEndAsync();
    }

    private static async Task<ICredentialsLease> AcquireAsync(ICredentialsStore store) =>
        await store.AcquireLeaseAsync(TimeSpan.FromMinutes(1)) ?? throw new InvalidOperationException("The lease is not free.");

    private static async Task CommitAsync(ICredentialsStore store)
    {
        try
        {
            ICredentialsLease lease = await AcquireAsync(store);
            OAuthCredentials? stored = await lease.ReadAsync();
            for (int number = 1; ; number++)
            {
                OAuthCredentials next = CredentialsStoreConformanceTests.Login($"commit {number}");
                await lease.WriteRecordAsync(CredentialsStoreConformanceTests.Bytes(2_000 + number, number), durable: true);
                await lease.PrepareAsync();
                if (!(await lease.CommitAsync(stored, next)).IsCommitted)
                {
                    throw new InvalidOperationException($"Commit {number} found another login under the lease.");
                }

                SayLine($"{number}");
                stored = next;
            }
        }
        catch (Exception exception)
        {
            await Console.Error.WriteLineAsync(exception.ToString());
            Environment.Exit(1);
        }
    }

    private static async Task RefreshAsync(ICredentialsStore store)
    {
        SayLine("ready");
        await Console.In.ReadLineAsync();
        var tokenEndpoint = new Uri(Environment.GetEnvironmentVariable(TokenEndpointVariable)!);
        await using CoordinatedTokenProvider provider =
            CredentialsStoreConformanceTests.CreateProvider(store, tokenEndpoint, TimeProvider.System);
        AccessToken token = await provider.GetAccessTokenAsync();
        SayLine(TokenFingerprint.Of(token.Value));
    }

    private static void SayLine(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
