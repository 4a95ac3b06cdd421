using System.ComponentModel;
using System.Diagnostics;
using Duende.IdentityModel.Client;
using Duende.IdentityModel.Jwk;
using Duende.IdentityModel.OidcClient;

namespace TokenRefresh.Tool.SignIn;

/// <summary>
/// The authorization code grant with PKCE (RFC 6749 section 4.1, RFC 7636): the answer comes by a redirect to this machine, or is pasted.
/// </summary>
internal static class BrowserSignIn
{
    internal static async Task<TokenResponse> RunAsync(
        Profile profile,
        ServerMetadata server,
        HttpClient http,
        ToolHost host,
        bool opensBrowser,
        CancellationToken cancellationToken)
    {
        TokenRefreshOptions options = profile.Options();
        using var redirect = new LoopbackRedirect(profile.SignIn.RedirectUri, host.Time);
        var client = new OidcClient(new OidcClientOptions
        {
            ClientId = options.ClientId,
            ClientSecret = options.ClientSecret,
            TokenClientCredentialStyle = ClientStyle.Of(options),
            Scope = profile.SignIn.Scope ?? options.Scope ?? "",
            RedirectUri = redirect.Address.AbsoluteUri,
            LoadProfile = false,
            DisablePushedAuthorization = true,
            HttpClientFactory = _ => http,
            ProviderInformation = new ProviderInformation
            {
                IssuerName = server.Issuer.AbsoluteUri,
                AuthorizeEndpoint = server.AuthorizationEndpoint!.AbsoluteUri,
                TokenEndpoint = server.TokenEndpoint.AbsoluteUri,
                KeySet = new JsonWebKeySet(),
            },
        });
        var further = new Parameters(options.AdditionalParameters);
        AuthorizeState state = await client.PrepareLoginAsync(further, cancellationToken).ConfigureAwait(false);
        if (state.IsError)
        {
            throw new ToolException($"The sign-in cannot begin: {state.Error}");
        }

        redirect.State = state.State;
        host.Error.WriteLine(opensBrowser && Open(state.StartUrl) ? "The browser shows the sign-in. If it does not, open" : "Open");
        host.Error.WriteLine($"\n{state.StartUrl}\n");
        host.Error.WriteLine(
            $"It comes back to {redirect.Address.GetLeftPart(UriPartial.Path)}. If it was opened on another machine, paste the address "
            + "that it ends at here:");
        string answer = await FirstAsync(redirect, host, cancellationToken).ConfigureAwait(false);
        try
        {
            LoginResult result = await client.ProcessResponseAsync(answer, state, further, cancellationToken).ConfigureAwait(false);
            return result.IsError
                ? throw new ToolException($"The sign-in failed: {result.Error} {result.ErrorDescription}".TrimEnd(), ExitCode.SignIn)
                : result.TokenResponse;
        }
        catch (ArgumentException)
        {
            // Of the library, for a query that names something twice.
            throw new ToolException("The sign-in came back with an address that no server sends. Begin again.", ExitCode.SignIn);
        }
    }

    // A read of standard input cannot be cancelled; the process ends all the same.
    private static async Task<string> FirstAsync(LoopbackRedirect redirect, ToolHost host, CancellationToken cancellationToken)
    {
        Task<string?> pasted = Task.Run(() => ReadLine(host.In), CancellationToken.None);
        Task first = await Task.WhenAny((Task)redirect.Answer, pasted).WaitAsync(cancellationToken).ConfigureAwait(false);

        // Where standard input is closed, only the redirect remains.
        if (first == pasted && await pasted.ConfigureAwait(false) is { } text)
        {
            int query = text.IndexOf('?', StringComparison.Ordinal);
            return query >= 0 ? text[query..] : throw new ToolException("What was pasted has no query. Copy the whole address.");
        }

        return await redirect.Answer.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static string? ReadLine(TextReader input)
    {
        string? line;
        do
        {
            line = input.ReadLine()?.Trim();
        }
        while (line is "");
        return line;
    }

    private static bool Open(string address)
    {
        bool hasDisplay = !OperatingSystem.IsLinux()
            || Environment.GetEnvironmentVariable("DISPLAY") is { Length: > 0 }
            || Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") is { Length: > 0 };
        string? opener = Programs.Find(OperatingSystem.IsMacOS() ? "open" : "xdg-open");
        if (!hasDisplay || (opener is null && !OperatingSystem.IsWindows()))
        {
            return false;
        }

        try
        {
            ProcessStartInfo start = OperatingSystem.IsWindows() ? new(address) { UseShellExecute = true }
                : OperatingSystem.IsMacOS() ? new(opener!, [address])
                : new(opener!, [address]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
            using Process? browser = Process.Start(start);
            return true;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
