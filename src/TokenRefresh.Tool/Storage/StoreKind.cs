namespace TokenRefresh.Tool.Storage;

/// <summary>Where a login is kept. Two leases are taken in this order.</summary>
internal enum StoreKind
{
    File,
    Keychain,
    Postgres,
}
