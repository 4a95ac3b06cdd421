using System.Text;
using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.PostgreSql.Tests;

/// <summary>What every store must do, of the one in PostgreSQL. The medium is a row and, in other processes too, the way to it.</summary>
public sealed class PostgreSqlStoreContractTests(PostgreSqlServer? server) : CredentialsStoreConformanceTests
{
    private const char Separator = '|';

    protected override ValueTask<string> CreateMediumAsync()
    {
        server!.SkipIfMissing();
        return new($"{Guid.NewGuid():N}{Separator}{server.ConnectionString}");
    }

    protected override ValueTask<ICredentialsStore> OpenStoreAsync(string medium) => new(new PostgreSqlCredentialsStore(
        new PostgreSqlStoreOptions
        {
            Name = NameOf(medium),
            ConnectionString = medium[(medium.IndexOf(Separator, StringComparison.Ordinal) + 1)..],
            // Long enough for the first connection of a fresh process on a busy machine.
            CommandTimeout = TimeSpan.FromSeconds(3),
            RefreshTimeout = TimeSpan.FromSeconds(3.1),
            SaveTimeout = TimeSpan.FromMilliseconds(500),
        }));

    protected override async ValueTask DeleteMediumAsync(string medium) =>
        await server!.QueryAsync("DELETE FROM token_refresh WHERE name = $1", NameOf(medium));

    protected override async ValueTask<Func<ValueTask<bool>>?> AddUnknownDataAsync(string medium)
    {
        const string member = "\"team\": \"a\"";
        string document = await ReadDocumentAsync(medium);
        await WriteDocumentAsync(medium, "{" + member + "," + document[1..]);
        return async () => (await ReadDocumentAsync(medium)).Contains(member, StringComparison.Ordinal);
    }

    protected override async ValueTask<bool> TryDamageLoginAsync(string medium)
    {
        await WriteDocumentAsync(medium, (await ReadDocumentAsync(medium))[..^10]);
        return true;
    }

    private static string NameOf(string medium) => medium[..medium.IndexOf(Separator, StringComparison.Ordinal)];

    private async Task<string> ReadDocumentAsync(string medium) => Encoding.UTF8.GetString(
        (byte[])(await server!.QueryAsync("SELECT document FROM token_refresh WHERE name = $1", NameOf(medium)))!);

    private Task WriteDocumentAsync(string medium, string document) => server!.QueryAsync(
        "UPDATE token_refresh SET document = $2 WHERE name = $1", NameOf(medium), Encoding.UTF8.GetBytes(document));
}
