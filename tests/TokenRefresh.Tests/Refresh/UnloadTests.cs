using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using FluentAssertions;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

/// <summary>A program that loads plug-ins can unload the library with them once its providers are disposed.</summary>
public sealed class UnloadTests
{
    // The thread that watches files looks twice a second whether a wait is left, and then ends.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_context_whose_providers_are_disposed_can_be_unloaded()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The foreign holder uses flock.");
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();

        WeakReference context = await UseAndUnloadAsync(login);

        // Off the stack on which that method has just ended.
        await Task.Yield();
        var waiting = Stopwatch.StartNew();
        while (context.IsAlive && waiting.Elapsed < Patience)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        context.IsAlive.Should().BeFalse();
        login.Server.Books.TokenRequests.Should().Be(2, "the scenario ran");
    }

    // Not inlined, so that no register of the test keeps the context.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> UseAndUnloadAsync(SharedLogin login)
    {
        var context = new PluginContext();
        MethodInfo run = context.LoadFromAssemblyName(typeof(UnloadTests).Assembly.GetName())
            .GetType(typeof(UnloadScenario).FullName!)!.GetMethod(nameof(UnloadScenario.RunAsync))!;
        run.DeclaringType.Should().NotBe(typeof(UnloadScenario));
        using (ForeignLock.Hold(login.LockPath, new LockHolder(Environment.ProcessId, "other", Environment.MachineName, default)))
        {
            await (Task)run.Invoke(null, [login.Path, login.Server.TokenUri, login.Server.ApiUri, true])!;
        }

        await (Task)run.Invoke(null, [login.Path, login.Server.TokenUri, login.Server.ApiUri, false])!;
        context.Unload();
        return new WeakReference(context);
    }

    /// <summary>Has copies of the library and of these tests, and shares everything else.</summary>
    private sealed class PluginContext() : AssemblyLoadContext(isCollectible: true)
    {
        protected override Assembly? Load(AssemblyName name)
        {
            Assembly[] own = [typeof(CoordinatedTokenProvider).Assembly, typeof(UnloadTests).Assembly];
            return own.FirstOrDefault(assembly => assembly.GetName().Name == name.Name) is { } present
                ? LoadFromAssemblyPath(present.Location)
                : null;
        }
    }
}
