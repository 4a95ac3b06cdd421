namespace TokenRefresh.PostgreSql;

/// <summary>The name of the table, which becomes part of statements and so is checked letter by letter.</summary>
internal static class TableName
{
    // NAMEDATALEN - 1: PostgreSQL cuts longer names off.
    private const int Longest = 63;

    internal static bool IsValid(string? name) =>
        name?.Split('.') is { Length: 1 or 2 } parts && Array.TrueForAll(parts, IsIdentifier);

    internal static string Quote(string name) => $"\"{name.Replace(".", "\".\"", StringComparison.Ordinal)}\"";

    private static bool IsIdentifier(string part) =>
        part.Length is > 0 and <= Longest
        && !char.IsAsciiDigit(part[0])
        && part.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}
