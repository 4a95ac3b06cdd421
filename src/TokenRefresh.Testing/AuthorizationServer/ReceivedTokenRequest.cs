namespace TokenRefresh.Testing;

/// <summary>A token request as it arrived, for tests of the client. Holds secrets: never print it.</summary>
/// <param name="ContentType">The media type, without parameters.</param>
/// <param name="Headers">The headers; several values of one name are joined with a comma.</param>
/// <param name="Parameters">The parameters of the form or JSON body.</param>
public sealed record ReceivedTokenRequest(
    string? ContentType,
    IReadOnlyDictionary<string, string> Headers,
    IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>Gets when it arrived, by the server's clock.</summary>
    public DateTimeOffset ArrivedAt { get; init; }

    /// <summary>Gets when the server began to answer it, or dropped it; <see langword="null"/> while it is at work.</summary>
    public DateTimeOffset? AnsweredAt { get; internal set; }

    /// <summary>Returns a text without secrets.</summary>
    /// <returns>A text that is safe to log.</returns>
    public override string ToString() => $"{ContentType} with the parameters {string.Join(", ", Parameters.Keys)}";
}
