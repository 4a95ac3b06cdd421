using System.Globalization;
using Xunit;

namespace TokenRefresh.Testing;

public abstract partial class CredentialsStoreConformanceTests
{
    [Fact]
    public async Task A_lease_excludes_other_processes_and_ends_with_its_own()
    {
        ICredentialsStore store = await OpenAsync();
        await using StoreProcess process = await StartAsync(StoreTask.Hold);
        Assert.Equal("held", await EndAsync(process.ReadLineAsync()));
        Assert.Null(await TryAcquireAsync(store));

        await process.KillAsync();

        await using ICredentialsLease lease = await AcquireAsync(store);
        Assert.NotNull(lease);
    }

    [Fact]
    public async Task A_process_that_is_killed_as_it_commits_loses_no_commit_that_returned()
    {
        ICredentialsStore store = await OpenWithAsync(First);
        Task change = store.WaitForChangeAsync(Cancellation);
        await using StoreProcess process = await StartAsync(StoreTask.Commit);
        string begun = await EndAsync(process.ReadLineAsync());
        await EndAsync(change);

        string last = await process.KillAsync() ?? begun;

        int returned = int.Parse(last, CultureInfo.InvariantCulture);
        await using ICredentialsLease lease = await AcquireAsync(store);
        string? stored = (await EndAsync(lease.ReadAsync(Cancellation)))?.AccessToken;
        byte[] record = await ReadRecordAsync(store);
        Assert.True(
            stored == Login($"commit {returned}").AccessToken || stored == Login($"commit {returned + 1}").AccessToken,
            $"Neither the login of commit {returned} is stored, which had returned, nor the next one.");
        Assert.True(
            record.SequenceEqual(Bytes(2_000 + returned, returned)) || record.SequenceEqual(Bytes(2_001 + returned, returned + 1)),
            $"Neither the record of commit {returned} is stored, which had returned, nor the next one.");
    }

    [Fact]
    public async Task Processes_that_meet_an_expired_token_refresh_once()
    {
        await using var server = await LoopbackAuthorizationServer.StartAsync();
        await OpenWithAsync(server.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials);
        await using StoreProcess one = await StartAsync(StoreTask.Refresh, server.TokenUri);
        await using StoreProcess other = await StartAsync(StoreTask.Refresh, server.TokenUri);
        await EndAsync(Task.WhenAll(one.ReadLineAsync(), other.ReadLineAsync()));

        await Task.WhenAll(one.ContinueAsync(), other.ContinueAsync());

        string[] tokens = await EndAsync(Task.WhenAll(one.ReadLineAsync(), other.ReadLineAsync()));
        Assert.Equal(tokens[0], tokens[1]);
        Assert.Equal((1, 0), (server.Books.TokenRequests, server.Books.Reuses));
    }

    private async Task<StoreProcess> StartAsync(StoreTask task, Uri? tokenEndpoint = null)
    {
        Assert.SkipUnless(IsSharedByProcesses, "Other processes cannot open this medium.");
        return StoreProcess.Start(GetType(), task, await MediumAsync(), tokenEndpoint);
    }
}
