using System.Text;
using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Record;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Validation;

namespace TokenRefresh.Tests.Record;

/// <summary>What a process knows of the record after several reads.</summary>
public sealed class RecordJournalTests
{
    [Fact]
    [FailureMode("F106")]
    public async Task A_newer_version_is_still_seen_when_the_same_record_is_read_again()
    {
        var tokens = new OAuthCredentials("access", "refresh");
        using var store = new InMemoryCredentialsStore(tokens);
        await using (ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero))
        {
            await lease!.WriteRecordAsync(Encoding.UTF8.GetBytes("""{"version":3,"logins":{}}"""), durable: false);
        }

        var journal = new RecordJournal(store, TimeProvider.System, NullLogger.Instance);
        await journal.ReadAsync(tokens, default);

        LoginRecord again = await journal.ReadAsync(tokens, default);

        again.NewerVersion.Should().Be(3);
    }

    [Fact]
    [FailureMode("F106")]
    public async Task Beside_the_record_of_a_newer_version_nothing_is_sent_and_nothing_written()
    {
        byte[] newer = Encoding.UTF8.GetBytes("""{"version":3,"logins":{}}""");
        using var store = new InMemoryCredentialsStore(new OAuthCredentials("access", "refresh", DateTimeOffset.UnixEpoch));
        await using (ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero))
        {
            await lease!.WriteRecordAsync(newer, durable: false);
        }

        await using var provider = CoordinatedTokenProvider.Create(
            _ => { },
            new CoordinatedTokenProviderServices { CredentialsStore = store, TokenEndpointClient = new UnusedTokenEndpointClient() });

        for (var calls = 0; calls < 2; calls++)
        {
            await provider.Awaiting(p => p.GetAccessTokenAsync().AsTask()).Should().ThrowAsync<TokenRefreshConfigurationException>();
        }

        (await store.ReadRecordAsync()).ToArray().Should().Equal(newer);
    }

    [Fact]
    [FailureMode("F106")]
    public async Task A_sign_in_writes_nothing_over_the_record_of_a_newer_version()
    {
        byte[] newer = Encoding.UTF8.GetBytes("""{"version":3,"logins":{}}""");
        using var store = new InMemoryCredentialsStore(new OAuthCredentials("access", "refresh", DateTimeOffset.UnixEpoch));
        await using (ICredentialsLease? lease = await store.AcquireLeaseAsync(TimeSpan.Zero))
        {
            await lease!.WriteRecordAsync(newer, durable: false);
        }

        await using var provider = CoordinatedTokenProvider.Create(
            _ => { },
            new CoordinatedTokenProviderServices { CredentialsStore = store, TokenEndpointClient = new UnusedTokenEndpointClient() });

        await provider.StoreAsync(new OAuthCredentials("access-2", "refresh-2", DateTimeOffset.MaxValue));

        (await store.ReadRecordAsync()).ToArray().Should().Equal(newer);
    }
}
