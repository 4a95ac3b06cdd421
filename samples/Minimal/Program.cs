using TokenRefresh;
using TokenRefresh.Testing;
using TokenRefresh.TestKit.Logins;

// In place of a real service: a server on this machine that issues tokens and accepts them, and a file with a login that has expired.
await using SharedLogin login = await SharedLogin.StartExpiredAsync();

// All that a program needs.
await using var tokens = CoordinatedTokenProvider.Create(options =>
{
    options.CredentialsPath = login.Path;
    options.TokenEndpoint = login.Server.TokenUri;
    options.ClientId = "minimal";
});
using var http = new HttpClient(new BearerTokenHandler(tokens) { InnerHandler = new SocketsHttpHandler() });
using HttpResponseMessage answer = await http.GetAsync(new Uri(login.Server.ApiUri, "me"));

AuthorizationServerBooks books = login.Books;
Console.WriteLine($"The API answered {(int)answer.StatusCode}; the expired login cost {books.TokenRequests} token request.");
return answer.IsSuccessStatusCode && books.TokenRequests == 1 ? 0 : 1;
