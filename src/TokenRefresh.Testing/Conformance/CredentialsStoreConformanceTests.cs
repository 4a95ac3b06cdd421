using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace TokenRefresh.Testing;

/// <summary>
/// What holds for every <see cref="ICredentialsStore"/> and <see cref="ICredentialsLease"/>, as tests for xunit.v3. Derive once per store
/// and say how one is opened; each test has a medium of its own.
/// </summary>
/// <remarks>
/// The tests of processes start the program again that runs the tests, with a start-up hook of this assembly that does its task and never
/// reaches the program's own code, and kill it. There the derived class is made by its first public constructor with
/// <see langword="null"/> or zero for each parameter, and <see cref="OpenStoreAsync"/> is called with the medium of the test.
/// </remarks>
/// <example>
/// <code>
/// public sealed class SqliteStoreTests : CredentialsStoreConformanceTests
/// {
///     protected override ValueTask&lt;ICredentialsStore&gt; OpenStoreAsync(string medium) =>
///         new(new SqliteCredentialsStore(Path.Combine(medium, "login.db"), "my-cli"));
/// }
/// </code>
/// </example>
public abstract partial class CredentialsStoreConformanceTests : IAsyncLifetime
{
    // Long enough for a timer to be seen, short enough to be waited for.
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(300);

    // Timers and the clock that measures them may differ by a tick of the system's.
    private static readonly TimeSpan ClockTick = TimeSpan.FromMilliseconds(20);

    private readonly List<ICredentialsStore> _stores = [];
    private string? _medium;

    /// <summary>Gets whether other processes can open the same medium. Where they cannot, the tests of processes are skipped.</summary>
    /// <value>Default <see langword="true"/>.</value>
    protected virtual bool IsSharedByProcesses => true;

    /// <summary>Gets the clock that the stores under test go by.</summary>
    /// <value>Default the system's.</value>
    protected virtual TimeProvider TimeProvider => TimeProvider.System;

    /// <summary>Gets how long a test waits, in real time, for what must happen before it fails.</summary>
    /// <value>Default 60 seconds.</value>
    protected virtual TimeSpan Patience => TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static OAuthCredentials First { get; } = Login("first");

    private static OAuthCredentials Second { get; } = Login("second");

    private static OAuthCredentials Third { get; } = Login("third");

    /// <summary>Does nothing: a medium is made when a test first opens it.</summary>
    /// <returns>A completed task.</returns>
    public virtual ValueTask InitializeAsync() => default;

    /// <summary>Disposes the stores, and then the medium.</summary>
    /// <returns>A task that completes when both are gone.</returns>
    public virtual async ValueTask DisposeAsync()
    {
        foreach (ICredentialsStore store in _stores)
        {
            if (store is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else
            {
                (store as IDisposable)?.Dispose();
            }
        }

        if (_medium is { } medium)
        {
            await DeleteMediumAsync(medium);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Opens a store: another instance on the same medium, as another provider would. The tests dispose it.</summary>
    /// <remarks>Called in other processes too, where it must use nothing but the medium's name.</remarks>
    /// <param name="medium">What <see cref="CreateMediumAsync"/> returned.</param>
    /// <returns>The store. A medium that lives in one instance may return that one each time.</returns>
    protected abstract ValueTask<ICredentialsStore> OpenStoreAsync(string medium);

    /// <summary>Makes an empty medium for one test. Call <c>Assert.Skip</c> in it where there is no server or service to make it.</summary>
    /// <returns>By what each process finds the medium: the full path of a directory that only this user may enter, unless it is
    /// overridden.</returns>
    protected virtual ValueTask<string> CreateMediumAsync() => new(Directory.CreateTempSubdirectory("tokenrefresh-").FullName);

    /// <summary>Removes the medium with all that is in it, after the stores were disposed.</summary>
    /// <param name="medium">What <see cref="CreateMediumAsync"/> returned.</param>
    /// <returns>A task that completes when it is gone.</returns>
    protected virtual ValueTask DeleteMediumAsync(string medium)
    {
        Directory.Delete(medium, recursive: true);
        return default;
    }

    /// <summary>Puts something beside the stored login that this store does not know: a member of its document, or another login.</summary>
    /// <param name="medium">The medium; the first login of the test is stored there.</param>
    /// <returns>A check that it is still there; <see langword="null"/>, the default, if the medium has no place for it: its test is then
    /// skipped.</returns>
    protected virtual ValueTask<Func<ValueTask<bool>>?> AddUnknownDataAsync(string medium) => new((Func<ValueTask<bool>>?)null);

    /// <summary>Damages the stored login from outside, so that it cannot be read; better with parts of its tokens left.</summary>
    /// <param name="medium">The medium; a login is stored there.</param>
    /// <returns>Whether it did; <see langword="false"/>, the default, skips the tests of a damaged login.</returns>
    protected virtual ValueTask<bool> TryDamageLoginAsync(string medium) => new(false);

    /// <summary>Damages the stored record from outside.</summary>
    /// <param name="medium">The medium; a record is stored there.</param>
    /// <returns>Whether it did; <see langword="false"/>, the default, skips the test of a damaged record.</returns>
    protected virtual ValueTask<bool> TryDamageRecordAsync(string medium) => new(false);

    /// <summary>Lets time pass until the work has ended. Override it if <see cref="TimeProvider"/> is a clock that a test moves.</summary>
    /// <param name="work">What may wait for a pause of the store or a time-out of 300 milliseconds. No longer one may come due.</param>
    /// <returns>A task that ends when <paramref name="work"/> has; the default is that task itself.</returns>
    protected virtual Task PassTimeAsync(Task work) => work;

    /// <summary>Opens the store in a process that shares the medium.</summary>
    internal ValueTask<ICredentialsStore> OpenSharedAsync(string medium) => OpenStoreAsync(medium);

    /// <summary>The tokens are names that no text of a store has by chance, the same ones in each process.</summary>
    internal static OAuthCredentials Login(string name) =>
        new(Token(name + " access"), Token(name + " refresh"), new DateTimeOffset(2027, 1, 1, 8, 0, 0, TimeSpan.Zero))
        {
            RefreshTokenExpiresAt = new DateTimeOffset(2027, 2, 1, 0, 0, 0, TimeSpan.Zero),
            Scopes = ["user:inference", "user:profile"],
        };

    private static string Token(string name) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    private static void AssertIs(OAuthCredentials expected, OAuthCredentials? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.AccessToken, actual.AccessToken);
        Assert.Equal(expected.RefreshToken, actual.RefreshToken);
    }

    private async Task<string> MediumAsync() => _medium ??= await CreateMediumAsync();

    private async Task<ICredentialsStore> OpenAsync()
    {
        ICredentialsStore store = await OpenStoreAsync(await MediumAsync());
        if (!_stores.Contains(store))
        {
            _stores.Add(store);
        }

        return store;
    }

    private async Task<ICredentialsStore> OpenWithAsync(OAuthCredentials stored)
    {
        ICredentialsStore store = await OpenAsync();
        Assert.True((await CommitAsync(store, expected: null, stored)).IsCommitted, "A login was not stored in an empty medium.");
        return store;
    }

    private async Task<ICredentialsLease> AcquireAsync(ICredentialsStore store)
    {
        ICredentialsLease? lease = await EndAsync(store.AcquireLeaseAsync(TimeSpan.FromMinutes(1), Cancellation));
        Assert.True(lease is not null, "The lease is free, but was not granted.");
        return lease;
    }

    private async Task<ICredentialsLease?> TryAcquireAsync(ICredentialsStore store) =>
        await EndAsync(store.AcquireLeaseAsync(TimeSpan.Zero, Cancellation));

    private async Task<CredentialsCommit> CommitAsync(ICredentialsStore store, OAuthCredentials? expected, OAuthCredentials? next)
    {
        await using ICredentialsLease lease = await AcquireAsync(store);
        return await EndAsync(lease.CommitAsync(expected, next, Cancellation));
    }

    private async Task<OAuthCredentials?> ReadAsync(ICredentialsStore store) => await EndAsync(store.ReadAsync(Cancellation));

    private async Task<byte[]> ReadRecordAsync(ICredentialsStore store) => (await EndAsync(store.ReadRecordAsync(Cancellation))).ToArray();

    private Task<T> EndAsync<T>(ValueTask<T> work) => EndAsync(work.AsTask());

    private async Task<T> EndAsync<T>(Task<T> work)
    {
        await EndAsync((Task)work);
        return await work;
    }

    /// <summary>Awaits the work; a test that would hang fails.</summary>
    private async Task EndAsync(Task work)
    {
        Task ended = await Task.WhenAny(PassTimeAsync(work), Task.Delay(Patience, TimeProvider.System, Cancellation));
        Assert.True(work.IsCompleted, $"A call of the store did not end within {Patience}.");
        await ended;
    }
}
