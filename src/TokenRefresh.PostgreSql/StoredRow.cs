namespace TokenRefresh.PostgreSql;

/// <summary>The row of a login as it was read; of one that is not there yet, the version is -1.</summary>
internal sealed class StoredRow
{
    private StoredRow(object?[] columns)
    {
        ServerTime = new DateTimeOffset((DateTime)columns[0]!);
        Version = columns[1] as long? ?? -1;
        Document = (byte[]?)columns[2];
        IsProtected = columns[3] is true;
        Record = (byte[]?)columns[4] ?? [];
        AttemptBy = (string?)columns[5];
        IsAttemptPending = columns[6] is true;
    }

    internal DateTimeOffset ServerTime { get; }

    internal long Version { get; }

    internal byte[]? Document { get; }

    internal bool IsProtected { get; }

    internal byte[] Record { get; }

    /// <summary>Gets the lease that has noted an attempt and told nothing of its outcome, or <see langword="null"/>.</summary>
    internal string? AttemptBy { get; }

    /// <summary>Gets whether that outcome may still come, by the server's clock.</summary>
    internal bool IsAttemptPending { get; }

    internal static StoredRow Of(object?[]? columns) => new(columns!);
}
