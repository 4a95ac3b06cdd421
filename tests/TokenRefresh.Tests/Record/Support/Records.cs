using TokenRefresh.Record;

namespace TokenRefresh.Tests.Record;

/// <summary>What the record of a store says of its login, as another process would read it.</summary>
internal static class Records
{
    internal static async Task<LoginRecord> ReadAsync(ICredentialsStore store)
    {
        OAuthCredentials? stored = await store.ReadAsync();
        ReadOnlyMemory<byte> text = await store.ReadRecordAsync();
        return RecordJson.Read(text.Span, stored?.Login ?? "");
    }
}
