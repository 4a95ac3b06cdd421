using TokenRefresh.PostgreSql.Tests.Support;

// One server for all tests here. Other projects take the same fixture, where they need one.
[assembly: AssemblyFixture(typeof(PostgreSqlServer))]
