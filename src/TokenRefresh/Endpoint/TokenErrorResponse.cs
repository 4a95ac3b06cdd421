namespace TokenRefresh.Endpoint;

/// <summary>An error answer of the token endpoint, as far as it could be read. Its texts hold no secret.</summary>
public sealed class TokenErrorResponse
{
    /// <summary>Creates an error answer, to test a classifier with.</summary>
    /// <param name="statusCode">The HTTP status.</param>
    public TokenErrorResponse(int statusCode) => StatusCode = statusCode;

    /// <summary>Gets the HTTP status; servers also hide errors in a 200.</summary>
    public int StatusCode { get; }

    /// <summary>Gets the <c>error</c> code, or that of a nested error object, at most 100 characters, or <see langword="null"/>.</summary>
    public string? Error { get; init; }

    /// <summary>
    /// Gets the <c>error_description</c>, else a nested message, else a body of plain text, at most 300 characters, or
    /// <see langword="null"/>.
    /// </summary>
    public string? ErrorDescription { get; init; }

    /// <summary>
    /// Gets the body, its first 4,096 characters, with <c>***</c> in place of secrets, or <see langword="null"/> if it is empty.
    /// </summary>
    public string? Body { get; init; }

    /// <summary>Gets whether the body was a JSON object.</summary>
    public bool IsJson { get; init; }

    /// <summary>Returns status and code.</summary>
    /// <returns>A text that is safe to log.</returns>
    public override string ToString() => Error is null ? $"HTTP {StatusCode}" : $"HTTP {StatusCode}, '{Error}'";
}
