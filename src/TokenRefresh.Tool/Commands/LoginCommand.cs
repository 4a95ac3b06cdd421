using System.CommandLine;
using System.Globalization;
using Duende.IdentityModel.Client;
using TokenRefresh.Tool.SignIn;

namespace TokenRefresh.Tool.Commands;

/// <summary>Signs in, and stores the login for all programs that share it.</summary>
internal static class LoginCommand
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    internal static Command Create(ToolHost host)
    {
        var device = new Option<bool>("--device") { Description = "Shows a code to be entered on any other machine (RFC 8628)." };
        var noBrowser = new Option<bool>("--no-browser") { Description = "Prints the address and opens no browser, for SSH." };
        Option<int> timeout = CommandLine.Number("--timeout", 600, 5, 86_400, "After how many seconds an unfinished sign-in ends.");
        var command = new Command("login", "Signs in, by the browser or with a code, and stores the login.") { device, noBrowser, timeout };
        command.SetProfileAction(
            host,
            async (parsed, profile, log) =>
            {
                CoordinatedTokenProvider tokens = profile.CreateProvider(log);
                await using (tokens.ConfigureAwait(false))
                {
                    var time = TimeSpan.FromSeconds(parsed.GetValue(timeout));
                    using var end = new CancellationTokenSource(time, host.Time);
                    try
                    {
                        var isAsked = false;
                        Task signingIn = tokens.SignInAsync(
                            over =>
                            {
                                isAsked = true;
                                return SignInAsync(profile, host, parsed.GetValue(device), !parsed.GetValue(noBrowser), over);
                            },
                            end.Token);
                        await Task.WhenAny(signingIn, Task.Delay(Silence, host.Time, end.Token)).ConfigureAwait(false);
                        if (!isAsked && !signingIn.IsCompleted)
                        {
                            TokenRefreshStatus state = await tokens.GetStatusAsync(end.Token).ConfigureAwait(false);
                            host.Error.WriteLine(
                                state.LockHolder is { } holder
                                    ? $"token-refresh: waiting for process {holder}, which holds the lock ..."
                                    : "token-refresh: waiting for the sign-in that another program has begun ...");
                        }

                        await signingIn.ConfigureAwait(false);
                    }
                    catch (OperationCanceledException) when (end.IsCancellationRequested)
                    {
                        throw new ToolException(
                            $"The sign-in was not finished within {Words.Length(time)} ('--timeout'). Begin again.", ExitCode.SignIn);
                    }

                    TokenRefreshStatus status = await tokens.GetStatusAsync().ConfigureAwait(false);
                    host.Out.WriteLine(
                        $"Signed in: {Words.Place(status.Location)}, the access token expires "
                        + $"{Words.Moment(status.AccessTokenExpiresAt, host.Time.GetUtcNow())}.");
                    return ExitCode.Healthy;
                }
            });
        return command;
    }

    private static async Task<OAuthCredentials> SignInAsync(
        Profile profile,
        ToolHost host,
        bool withCode,
        bool opensBrowser,
        CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        foreach ((string name, string value) in profile.Options().AdditionalHeaders)
        {
            http.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        }

        ServerMetadata server = await ServerMetadata.FindAsync(profile, http, cancellationToken).ConfigureAwait(false);
        string missing = withCode ? "deviceAuthorizationEndpoint" : "authorizationEndpoint";
        if ((withCode ? server.DeviceAuthorizationEndpoint : server.AuthorizationEndpoint) is null)
        {
            throw new ToolException($"'{missing}' is not known. Set it in the profile, or 'issuer', whose metadata name it (RFC 8414).");
        }

        TokenResponse answer = withCode
            ? await DeviceSignIn.RunAsync(profile, server, http, host, cancellationToken).ConfigureAwait(false)
            : await BrowserSignIn.RunAsync(profile, server, http, host, opensBrowser, cancellationToken).ConfigureAwait(false);
        if (string.IsNullOrEmpty(answer.RefreshToken))
        {
            host.Error.WriteLine("token-refresh: the server gave no refresh token. Ask for a scope that brings one ('signInScope').");
        }

        DateTimeOffset now = host.Time.GetUtcNow();
        return new OAuthCredentials(
            answer.AccessToken ?? throw new ToolException("The server's answer holds no access token.", ExitCode.SignIn),
            answer.RefreshToken,
            answer.ExpiresIn > 0 ? now + TimeSpan.FromSeconds(answer.ExpiresIn) : null)
        {
            Scopes = answer.Scope?.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            TokenType = answer.TokenType,
            IdToken = string.IsNullOrEmpty(answer.IdentityToken) ? null : answer.IdentityToken,
            RefreshTokenExpiresAt =
                int.TryParse(answer.TryGet("refresh_token_expires_in"), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)
                    ? now + TimeSpan.FromSeconds(seconds)
                    : null,
        };
    }
}
