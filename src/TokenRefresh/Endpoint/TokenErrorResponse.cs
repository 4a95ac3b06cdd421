namespace TokenRefresh.Endpoint;

/// <summary>An error answer of the token endpoint, as far as it could be read.</summary>
/// <param name="StatusCode">The HTTP status; servers also hide errors in a 200.</param>
/// <param name="Error">The <c>error</c> code, or that of a nested error object, or <see langword="null"/>.</param>
/// <param name="ErrorDescription">The <c>error_description</c>, or a nested message, or <see langword="null"/>.</param>
/// <param name="IsJson">Whether the body was a JSON object.</param>
public sealed record TokenErrorResponse(int StatusCode, string? Error, string? ErrorDescription, bool IsJson);
