namespace TokenRefresh.Testing;

/// <summary>An answer that the script gives in place of the server's own.</summary>
/// <param name="Status">The status.</param>
/// <param name="ContentType">The media type of the body.</param>
/// <param name="Body">The body, or its beginning.</param>
public sealed record ScriptedAnswer(int Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    internal static readonly IReadOnlyDictionary<string, string> NoHeaders = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Gets further headers.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = NoHeaders;

    /// <summary>Gets up to which size the body is padded with the letter a.</summary>
    public long PadToBytes { get; init; }
}
