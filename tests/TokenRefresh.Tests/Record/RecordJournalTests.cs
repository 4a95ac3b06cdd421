using System.Text;
using FluentAssertions;
using TokenRefresh.Record;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Validation;

namespace TokenRefresh.Tests.Record;

/// <summary>What a process knows of the record after several reads.</summary>
public sealed class RecordJournalTests
{
    private static readonly byte[] NewerRecord = Encoding.UTF8.GetBytes("""{"version":3,"logins":{}}""");

    [Fact]
    [FailureMode("F106")]
    public async Task A_newer_version_is_still_seen_when_the_same_record_is_read_again()
    {
        var tokens = new OAuthCredentials("access", "refresh");
        using var store = new InMemoryCredentialsStore(tokens);
        await using (ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero))
        {
            await lease!.WriteRecordAsync(NewerRecord, durable: false);
        }

        var journal = new RecordJournal(store, TimeProvider.System);
        await journal.ReadAsync(tokens, default);

        LoginRecord again = await journal.ReadAsync(tokens, default);

        again.NewerVersion.Should().Be(3);
    }

    [Fact]
    [FailureMode("F106")]
    public async Task Beside_the_record_of_a_newer_version_nothing_is_sent_and_nothing_written()
    {
        using InMemoryCredentialsStore store = await StoreWithNewerRecordAsync();
        await using CoordinatedTokenProvider provider = ProviderOf(store);

        for (var calls = 0; calls < 2; calls++)
        {
            await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenRefreshConfigurationException>();
        }

        (await store.ReadRecordAsync()).ToArray().Should().Equal(NewerRecord);
    }

    [Fact]
    [FailureMode("F106")]
    public async Task A_sign_in_writes_nothing_over_the_record_of_a_newer_version()
    {
        using InMemoryCredentialsStore store = await StoreWithNewerRecordAsync();
        await using CoordinatedTokenProvider provider = ProviderOf(store);

        await provider.StoreAsync(new OAuthCredentials("access-2", "refresh-2", DateTimeOffset.MaxValue));

        (await store.ReadRecordAsync()).ToArray().Should().Equal(NewerRecord);
    }

    private static async Task<InMemoryCredentialsStore> StoreWithNewerRecordAsync()
    {
        var store = new InMemoryCredentialsStore(new OAuthCredentials("access", "refresh", DateTimeOffset.UnixEpoch));
        await using ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero);
        await lease!.WriteRecordAsync(NewerRecord, durable: false);
        return store;
    }

    private static CoordinatedTokenProvider ProviderOf(ICredentialsStore store) => CoordinatedTokenProvider.Create(
        _ => { },
        new CoordinatedTokenProviderServices { CredentialsStore = store, TokenEndpointClient = new UnusedTokenEndpointClient() });
}
