namespace TokenRefresh.Endpoint;

/// <summary>
/// Says what an error answer of the token endpoint means for the refresh token. Replace it for a server with a dialect of its own.
/// </summary>
/// <remarks>
/// Called by one exchange at a time for each provider; one that several providers share must be safe for concurrent use. What it throws
/// makes the outcome unknown.
/// </remarks>
public interface ITokenErrorClassifier
{
    /// <summary>Classifies an answer that is no success.</summary>
    /// <param name="error">The answer.</param>
    /// <returns>The meaning; <see langword="null"/> leaves it to the built-in classification.</returns>
    TokenEndpointOutcome? Classify(TokenErrorResponse error);
}
