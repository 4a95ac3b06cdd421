using System.Net;
using System.Net.Sockets;

namespace TokenRefresh.Tool.Checks;

/// <summary>Asks the token endpoint for nothing, to see whether it can be reached and what its clock says.</summary>
internal static class EndpointChecks
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(30);

    internal static async Task<IReadOnlyList<Finding>> LookAsync(Uri endpoint, TimeProvider time)
    {
        try
        {
            await Dns.GetHostAddressesAsync(endpoint.IdnHost).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            return
            [
                Finding.Problem(
                    "name", $"'{endpoint.Host}' has no address here: the network is down, or its name server does not know it.",
                    "Connect, leave the VPN or enter it, or correct 'tokenEndpoint'."),
            ];
        }

        // A GET has no body and no secret; an endpoint answers it with an error (RFC 6749 section 3.2).
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var end = new CancellationTokenSource(Limit, time);
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(endpoint, HttpCompletionOption.ResponseHeadersRead, end.Token)
                .ConfigureAwait(false);
            return [OfAnswer(endpoint, answer), OfClock(answer, time.GetUtcNow())];
        }
        catch (OperationCanceledException)
        {
            return
            [
                Finding.Problem(
                    "endpoint", $"'{endpoint.Host}' did not answer within {Words.Length(Limit)}.",
                    "Try another network: a firewall or proxy may swallow the request."),
            ];
        }
        catch (HttpRequestException e)
        {
            return [OfFailure(endpoint, e)];
        }
    }

    private static Finding OfAnswer(Uri endpoint, HttpResponseMessage answer) => (int)answer.StatusCode switch
    {
        429 or 503 or 529 => Finding.Note(
            "endpoint", $"'{endpoint.Host}' is at its capacity ({(int)answer.StatusCode}). The login is not lost.", "Wait."),
        >= 500 => Finding.Note(
            "endpoint", $"'{endpoint.Host}' fails ({(int)answer.StatusCode}), the server's own fault. The login is not lost.", "Wait."),
        407 => Finding.Problem("proxy", "The proxy wants a user and a password.", "Put them into the proxy variable, or leave the proxy."),
        >= 300 and < 400 => Finding.Note(
            "endpoint", $"'{endpoint.Host}' redirects, which refreshes do not follow: the sign-in page of a network may stand before it.",
            "Open a page in a browser, or correct 'tokenEndpoint'."),
        404 => Finding.Note("endpoint", $"'{endpoint.Host}' has no such page (404).", "Correct 'tokenEndpoint' if refreshes fail."),
        _ => Finding.Fine("endpoint", $"'{endpoint.Host}' answers."),
    };

    private static Finding OfClock(HttpResponseMessage answer, DateTimeOffset now)
    {
        if (answer.Headers.Date is not { } date)
        {
            return Finding.Note("clock", "The server does not tell its time.");
        }

        TimeSpan ahead = now - date;
        return ahead.Duration() < Tolerance
            ? Finding.Fine("clock", "It agrees with the server's.")
            : Finding.Problem(
                "clock",
                ahead > TimeSpan.Zero
                    ? $"It is {Words.Length(ahead)} ahead of the server's: tokens seem to expire too early."
                    : $"It is {Words.Length(-ahead)} behind the server's: expired tokens seem to be valid.",
                "Let the system set its clock by the network (on Linux 'timedatectl set-ntp true').");
    }

    private static Finding OfFailure(Uri endpoint, HttpRequestException failure) => failure.HttpRequestError switch
    {
        HttpRequestError.SecureConnectionError => Finding.Problem(
            "TLS", $"'{endpoint.Host}' has no certificate that this machine trusts: {failure.InnerException?.Message ?? failure.Message}",
            "Set the clock, or install the certificate of the proxy that opens the connection."),
        HttpRequestError.ProxyTunnelError => Finding.Problem(
            "proxy", $"The proxy does not lead to '{endpoint.Host}': {failure.Message}", "Correct the proxy variables, or unset them."),
        _ => Finding.Problem(
            "endpoint", $"'{endpoint.Host}' cannot be reached: {failure.Message}",
            "Connect to a network that leads there; a firewall or a missing proxy variable is the usual cause."),
    };
}
