using Duende.IdentityModel.Client;

namespace TokenRefresh.Tool.SignIn;

/// <summary>The device authorization grant (RFC 8628): the user types a code on any other machine.</summary>
internal static class DeviceSignIn
{
    // Section 3.5: where the server names none, and by how much 'slow_down' raises it.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    internal static async Task<TokenResponse> RunAsync(
        Profile profile,
        ServerMetadata server,
        HttpClient http,
        ToolHost host,
        CancellationToken cancellationToken)
    {
        TokenRefreshOptions options = profile.Options();
        using var request = new DeviceAuthorizationRequest
        {
            Address = server.DeviceAuthorizationEndpoint!.AbsoluteUri,
            ClientId = options.ClientId!,
            ClientSecret = options.ClientSecret,
            ClientCredentialStyle = ClientStyle.Of(options),
            Scope = profile.SignIn.Scope ?? options.Scope,
            Parameters = new Parameters(options.AdditionalParameters),
        };
        DeviceAuthorizationResponse device = await http.RequestDeviceAuthorizationAsync(request, cancellationToken).ConfigureAwait(false);
        if (device.IsError || device.DeviceCode is null)
        {
            throw new ToolException(
                $"The server gives no device code: {device.Error} {device.ErrorDescription}".TrimEnd(), ExitCode.TryLater);
        }

        host.Error.WriteLine(Words.Printable($"Open {device.VerificationUri} on any machine and enter the code {device.UserCode}"));
        if (device.VerificationUriComplete is { Length: > 0 } complete)
        {
            host.Error.WriteLine(Words.Printable($"or open {complete}"));
        }

        TimeSpan interval = device.Interval > 0 ? TimeSpan.FromSeconds(device.Interval) : Interval;
        DateTimeOffset end = host.Time.GetUtcNow() + TimeSpan.FromSeconds(device.ExpiresIn ?? 600);
        while (host.Time.GetUtcNow() < end)
        {
            await Task.Delay(interval, host.Time, cancellationToken).ConfigureAwait(false);
            using var poll = new DeviceTokenRequest
            {
                Address = server.TokenEndpoint.AbsoluteUri,
                ClientId = options.ClientId!,
                ClientSecret = options.ClientSecret,
                ClientCredentialStyle = ClientStyle.Of(options),
                DeviceCode = device.DeviceCode,
                Parameters = new Parameters(options.AdditionalParameters),
            };
            TokenResponse answer = await http.RequestDeviceTokenAsync(poll, cancellationToken).ConfigureAwait(false);
            switch (answer.Error)
            {
                case null when !answer.IsError:
                    return answer;
                case "slow_down":
                    interval += Interval;
                    break;

                // A poll that did not reach the server is made again (section 3.5).
                case not "authorization_pending" when answer.ErrorType != ResponseErrorType.Exception:
                    throw new ToolException($"The sign-in failed: {answer.Error} {answer.ErrorDescription}".TrimEnd(), ExitCode.SignIn);
            }
        }

        throw new ToolException("The device code has expired. Begin again.", ExitCode.SignIn);
    }
}
