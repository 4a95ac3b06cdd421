using TokenRefresh.PostgreSql.Tests.Support;

namespace TokenRefresh.Tool.Tests;

/// <summary>The tests that share one PostgreSQL server, one after the other: some change its table.</summary>
[CollectionDefinition(nameof(PostgresTests))]
public sealed class PostgresTests : ICollectionFixture<PostgreSqlServer>;
