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

        ReadErrors(response, out bool isInvalid, out bool isSomethingElse, out _);
        return isInvalid || !isSomethingElse;
    }

    /// <summary>Tells whether the challenge asks for a proof with the server's nonce (RFC 9449 section 9).</summary>
    internal static bool AsksForNonce(HttpResponseMessage response)
    {
        ReadErrors(response, out _, out _, out bool lacksNonce);
        return lacksNonce;
    }

    private static void ReadErrors(HttpResponseMessage response, out bool isInvalid, out bool isSomethingElse, out bool lacksNonce)
    {
        isInvalid = false;
        isSomethingElse = false;
        lacksNonce = false;
        if (response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out HeaderStringValues lines))
        {
            foreach (string line in lines)
            {
                ReadErrors(line, ref isInvalid, ref isSomethingElse, ref lacksNonce);
            }
        }
    }

    /// <summary>
    /// Reads the <c>error</c> of each Bearer and DPoP challenge. Accepts what RFC 9110 section 11.6.1 allows, and goes on where a line
    /// breaks it.
    /// </summary>
    private static void ReadErrors(string line, ref bool isInvalid, ref bool isSomethingElse, ref bool lacksNonce)
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
                    isInvalid |= text.Equals("invalid_token", StringComparison.OrdinalIgnoreCase);
                    isSomethingElse |= text.ToUpperInvariant()
                        is "INSUFFICIENT_SCOPE" or "INSUFFICIENT_USER_AUTHENTICATION" or "USE_DPOP_NONCE" or "INVALID_DPOP_PROOF";
                    lacksNonce |= text.Equals("use_dpop_nonce", StringComparison.OrdinalIgnoreCase);
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
