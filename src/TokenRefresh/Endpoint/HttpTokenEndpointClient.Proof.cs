namespace TokenRefresh.Endpoint;

/// <content>The proof that a request is made by the holder of the login's key (RFC 9449).</content>
internal sealed partial class HttpTokenEndpointClient
{
    // The one that the server gave last, with whatever answer (RFC 9449 section 8.2).
    private volatile string? _nonce;

    private void AddProof(HttpRequestMessage message, DPoPKey key)
    {
        message.Headers.Remove(DPoPKey.ProofHeaderName);
        message.Headers.TryAddWithoutValidation(
            DPoPKey.ProofHeaderName, key.CreateProof(message.Method, message.RequestUri!, nonce: _nonce, timeProvider: time));
    }

    /// <summary>Notes the nonce of an answer, and tells whether that is all the request lacked.</summary>
    private bool LacksNonce(HttpResponseMessage response, TokenEndpointResult result)
    {
        if (DPoPKey.NonceOf(response) is not { } nonce)
        {
            return false;
        }

        _nonce = nonce;
        return result is { StatusCode: >= 400 and < 500, Error: "use_dpop_nonce" };
    }
}
