using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace TokenRefresh.Http;

/// <summary>Reads whether a resource rejected the token (RFC 6750 section 3, RFC 9449 section 7.1).</summary>
internal static class BearerChallenge
{
    // grpc-status 16 is UNAUTHENTICATED. An answer of trailers only has it among its headers, with HTTP status 200.
    private const string GrpcStatus = "grpc-status";
    private const string GrpcUnauthenticated = "16";

    [Flags]
    private enum Errors
    {
        None = 0,
        InvalidToken = 1,

        /// <summary>Another token of this login would not help.</summary>
        OtherLogin = 2,

        /// <summary>The proof lacks the server's nonce.</summary>
        LacksNonce = 4,

        RefusesProof = 8,
    }

    /// <summary>
    /// Tells whether the answer says that the token was rejected: 401, unless the challenge says that another token of this login would not
    /// help.
    /// </summary>
    internal static bool RejectsToken(HttpResponseMessage response)
    {
        if (response.StatusCode == HttpStatusCode.OK)
        {
            return response.Headers.NonValidated.TryGetValues(GrpcStatus, out HeaderStringValues status)
                && status.ToString() == GrpcUnauthenticated;
        }

        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return false;
        }

        Errors errors = ReadErrors(response);
        return errors == Errors.None || (errors & Errors.InvalidToken) != Errors.None;
    }

    /// <summary>
    /// Tells whether another proof of the same token may do: with the nonce that the answer brings (RFC 9449 section 9), or for a request
    /// that a handler further inside has sent twice with the same one.
    /// </summary>
    internal static bool IsProofAsked(HttpResponseMessage response)
    {
        Errors errors = response.StatusCode == HttpStatusCode.Unauthorized ? ReadErrors(response) : Errors.None;
        return (errors & Errors.RefusesProof) != Errors.None
            || ((errors & Errors.LacksNonce) != Errors.None && DPoPKey.NonceOf(response) is not null);
    }

    private static Errors ReadErrors(HttpResponseMessage response)
    {
        Errors errors = Errors.None;
        if (response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out HeaderStringValues lines))
        {
            foreach (string line in lines)
            {
                ReadErrors(line, ref errors);
            }
        }

        return errors;
    }

    /// <summary>
    /// Reads the <c>error</c> of each Bearer and DPoP challenge. Accepts what RFC 9110 section 11.6.1 allows, and goes on where a line
    /// breaks it.
    /// </summary>
    private static void ReadErrors(string line, ref Errors errors)
    {
        bool isOurs = false;
        bool mayBeToken68 = false;
        int at = 0;
        while (at < line.Length)
        {
            if (line[at] is ',' or ' ' or '\t')
            {
                mayBeToken68 &= line[at++] != ',';
                continue;
            }

            ReadOnlySpan<char> name = ReadName(line, ref at);
            int value = SkipBlanks(line, at);
            if (value < line.Length && line[value] == '=')
            {
                at = SkipBlanks(line, value + 1);
                string text = ReadValue(line, ref at);
                if (isOurs && name.Equals("error", StringComparison.OrdinalIgnoreCase))
                {
                    errors |= text.ToUpperInvariant() switch
                    {
                        "INVALID_TOKEN" => Errors.InvalidToken,
                        "INSUFFICIENT_SCOPE" or "INSUFFICIENT_USER_AUTHENTICATION" => Errors.OtherLogin,
                        "USE_DPOP_NONCE" => Errors.LacksNonce,
                        "INVALID_DPOP_PROOF" => Errors.RefusesProof,
                        _ => Errors.None,
                    };
                }

                mayBeToken68 = false;
            }
            else if (name.IsEmpty)
            {
                // A quotation mark where a name should be.
                ReadValue(line, ref at);
            }
            else if (mayBeToken68)
            {
                mayBeToken68 = false;
            }
            else
            {
                isOurs = name.Equals("Bearer", StringComparison.OrdinalIgnoreCase)
                    || name.Equals("DPoP", StringComparison.OrdinalIgnoreCase);
                mayBeToken68 = true;
            }
        }
    }

    private static int SkipBlanks(string line, int at)
    {
        while (at < line.Length && line[at] is ' ' or '\t')
        {
            at++;
        }

        return at;
    }

    private static ReadOnlySpan<char> ReadName(string line, ref int at)
    {
        int start = at;
        while (at < line.Length && line[at] is not (',' or ' ' or '\t' or '=' or '"'))
        {
            at++;
        }

        return line.AsSpan(start, at - start);
    }

    private static string ReadValue(string line, ref int at)
    {
        if (at >= line.Length || line[at] != '"')
        {
            int start = at;
            while (at < line.Length && line[at] is not (',' or ' ' or '\t'))
            {
                at++;
            }

            return line[start..at];
        }

        var text = new StringBuilder();
        for (at++; at < line.Length && line[at] != '"'; at++)
        {
            if (line[at] == '\\' && at + 1 < line.Length)
            {
                at++;
            }

            text.Append(line[at]);
        }

        at++;
        return text.ToString();
    }
}
