using System.Net;
using System.Net.Http.Headers;

namespace TokenRefresh.Http;

/// <summary>Reads why a resource refused (RFC 6750 section 3).</summary>
internal static class BearerChallenge
{
    /// <summary>Tells whether the answer says that the token was rejected: 401, unless a challenge says that the token is good but its scope is not.</summary>
    internal static bool RejectsToken(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return false;
        }

        foreach (AuthenticationHeaderValue challenge in response.Headers.WwwAuthenticate)
        {
            if (SaysInsufficientScope(challenge.Parameter))
            {
                return false;
            }
        }

        return true;
    }

    private static bool SaysInsufficientScope(ReadOnlySpan<char> parameters)
    {
        int at = parameters.IndexOf("insufficient_scope", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return false;
        }

        // error="insufficient_scope", quoted or not; a description that mentions the word does not count.
        ReadOnlySpan<char> before = parameters[..at].TrimEnd("\" ");
        return before is [.., '='] && before[..^1].TrimEnd().EndsWith("error", StringComparison.OrdinalIgnoreCase);
    }
}
