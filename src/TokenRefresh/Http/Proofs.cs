using System.Collections.Concurrent;

namespace TokenRefresh.Http;

/// <summary>Puts a proof on each request whose token is bound to a key (RFC 9449), with the nonce that its server gave last.</summary>
internal static class Proofs
{
    // A program talks to a handful of servers; one that walks through many starts over.
    private const int MostServers = 1000;

    // By key and origin, for all handlers of the process: those of a factory live for minutes.
    private static readonly ConcurrentDictionary<string, string> Nonces = new(StringComparer.Ordinal);

    /// <summary>
    /// Puts a new proof on a request, in place of an older one: with the nonce that was asked for, else with the last one, which the late
    /// answer to another request may have brought and which may be older.
    /// </summary>
    internal static void Put(HttpRequestMessage request, AccessToken token, string? nonce)
    {
        DPoPKey key = token.Key!;
        Uri address = request.RequestUri!;
        nonce ??= Nonces.GetValueOrDefault(NameOf(key, address));
        string proof = key.CreateProof(request.Method, address, token.Value, nonce, token.Time);
        Take(request);
        request.Headers.TryAddWithoutValidation(DPoPKey.ProofHeaderName, proof);
    }

    /// <summary>Takes the proof off a request.</summary>
    internal static void Take(HttpRequestMessage request) => request.Headers.Remove(DPoPKey.ProofHeaderName);

    /// <summary>Notes the nonce of an answer, which every answer may bring (RFC 9449 section 8.2).</summary>
    internal static void NoteNonce(HttpRequestMessage request, AccessToken token, HttpResponseMessage response)
    {
        if (DPoPKey.NonceOf(response) is { } nonce && request.RequestUri is { } address)
        {
            if (Nonces.Count >= MostServers)
            {
                Nonces.Clear();
            }

            Nonces[NameOf(token.Key!, address)] = nonce;
        }
    }

    private static string NameOf(DPoPKey key, Uri address) => $"{key.Thumbprint} {address.GetLeftPart(UriPartial.Authority)}";
}
