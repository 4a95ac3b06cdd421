using Microsoft.Data.Sqlite;
using SqliteStore;

namespace TokenRefresh.Tests.Contracts;

#region tests
/// <summary>What every store must do, of the one in docs/writing-a-store.md.</summary>
public sealed class SqliteStoreTests : CredentialsStoreConformanceTests
{
    protected override ValueTask<ICredentialsStore> OpenStoreAsync(string medium) =>
        new(new SqliteCredentialsStore(Path.Combine(medium, "login.db"), "my-cli"));

    protected override async ValueTask<Func<ValueTask<bool>>?> AddUnknownDataAsync(string medium)
    {
        await QueryAsync(medium, "INSERT INTO login (name, document) VALUES ('other', 'theirs')");
        await QueryAsync(medium, "UPDATE login SET document = json_insert(document, '$.plan', 'max') WHERE name = 'my-cli'");
        return async () =>
            await QueryAsync(medium, "SELECT document FROM login WHERE name = 'other'") == "theirs"
            && await QueryAsync(medium, "SELECT document ->> 'plan' FROM login WHERE name = 'my-cli'") == "max";
    }

    protected override async ValueTask<bool> TryDamageLoginAsync(string medium)
    {
        await QueryAsync(medium, "UPDATE login SET document = substr(document, 1, length(document) - 5)");
        return true;
    }

    private static async Task<string?> QueryAsync(string medium, string sql)
    {
        await using var db = new SqliteConnection($"Data Source={Path.Combine(medium, "login.db")}");
        await db.OpenAsync();
        await using SqliteCommand command = db.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync() as string;
    }
}
#endregion
