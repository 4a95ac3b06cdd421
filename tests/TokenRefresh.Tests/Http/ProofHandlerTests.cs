using System.Net;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using Microsoft.AspNetCore.WebUtilities;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Http;

/// <summary>Requests whose token is bound to a key (DPoP, RFC 9449), at a resource that demands the proof.</summary>
public sealed class ProofHandlerTests
{
    private static readonly LoopbackAuthorizationServerOptions WithNonce = new() { DemandsDPoPNonce = true };

    [Fact]
    public async Task Each_request_has_the_token_and_a_proof_of_its_own()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync();
        using HttpClient client = ClientOf(login.CreateProvider());

        for (int i = 0; i < 3; i++)
        {
            var address = new Uri(login.Server.ApiUri, $"items/ä?page={i}#top");
            (await client.PostAsync(address, new StringContent("body"))).EnsureSuccessStatusCode();
        }

        login.Books.Should().BeEquivalentTo(
            new { ApiRequests = 3, ApiRejections = 0, TokenRequests = 0, ProofsRefused = 0, NoncesAsked = 0 }, "no proof is taken twice");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_nonce_that_the_resource_asks_for_costs_a_second_sending_once_and_no_refresh(bool isSynchronous)
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync(WithNonce);
        using HttpClient client = ClientOf(login.CreateProvider());

        (await SendAsync(client, login, isSynchronous)).Should().Be(HttpStatusCode.OK);
        (await SendAsync(client, login, isSynchronous)).Should().Be(HttpStatusCode.OK);

        login.Books.Should().BeEquivalentTo(new { ApiRequests = 3, ApiRejections = 1, TokenRequests = 0, NoncesAsked = 1 });
        login.Server.RotateDPoPNonce();
        (await SendAsync(client, login, isSynchronous)).Should().Be(HttpStatusCode.OK);
        login.Books.Should().BeEquivalentTo(new { ApiRequests = 5, ApiRejections = 2, TokenRequests = 0, NoncesAsked = 2 });
    }

    [Fact]
    public async Task A_nonce_is_known_to_the_other_handlers_of_the_process_and_renewed_by_each_answer()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync(WithNonce with { DPoPNonceUses = 1 });
        CoordinatedTokenProvider provider = login.CreateProvider();

        for (int i = 0; i < 4; i++)
        {
            using HttpClient client = ClientOf(provider);
            (await SendAsync(client, login)).Should().Be(HttpStatusCode.OK);
        }

        login.Books.Should().BeEquivalentTo(new { ApiRequests = 5, NoncesAsked = 1, ProofsRefused = 0 });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_may_need_a_nonce_and_another_token(bool isSynchronous)
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync(WithNonce);
        using HttpClient client = ClientOf(login.CreateProvider());
        login.Server.ExpireAllAccessTokens();

        (await SendAsync(client, login, isSynchronous)).Should().Be(HttpStatusCode.OK);

        login.Books.Should().BeEquivalentTo(
            new { ApiRequests = 3, ApiRejections = 2, Grants = 1, Reuses = 0, ProofsRefused = 0 }, "first the nonce, then the token");
    }

    [Fact]
    public async Task A_body_is_sent_whole_each_time()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync(WithNonce);
        using HttpClient client = ClientOf(login.CreateProvider());
        login.Server.ExpireAllAccessTokens();

        using HttpResponseMessage answer = await client.PostAsync(
            login.Server.ApiUri, new StreamContent(new OneWay("the whole body"u8.ToArray())));

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("body").GetString()
            .Should().Be("the whole body");
    }

    [Fact]
    public async Task A_body_that_cannot_be_sent_twice_gets_the_401_and_the_next_request_has_the_nonce()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync(WithNonce);
        using HttpClient client = ClientOf(login.CreateProvider(), new BearerTokenHandlerOptions { BufferLimit = 0 });

        using HttpResponseMessage first = await client.PostAsync(login.Server.ApiUri, new StreamContent(new OneWay("body"u8.ToArray())));
        using HttpResponseMessage second = await client.PostAsync(login.Server.ApiUri, new StreamContent(new OneWay("body"u8.ToArray())));

        first.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        second.StatusCode.Should().Be(HttpStatusCode.OK);
        login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task With_retries_off_the_nonce_is_noted_alone()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync(WithNonce);
        using HttpClient client = ClientOf(login.CreateProvider(), new BearerTokenHandlerOptions { RetryOnUnauthorized = false });

        (await SendAsync(client, login)).Should().Be(HttpStatusCode.Unauthorized);
        (await SendAsync(client, login)).Should().Be(HttpStatusCode.OK);
        login.Books.TokenRequests.Should().Be(0);
    }

    [Fact]
    public async Task A_rejected_token_is_replaced_by_one_for_the_same_key()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync();
        using HttpClient client = ClientOf(login.CreateProvider());
        login.Server.ExpireAllAccessTokens();

        (await SendAsync(client, login)).Should().Be(HttpStatusCode.OK);
        (await SendAsync(client, login, path: "always401")).Should().Be(HttpStatusCode.Unauthorized);

        login.Books.Should().BeEquivalentTo(new { ApiRequests = 4, Grants = 2, Reuses = 0, ProofsRefused = 0 });
    }

    [Theory]
    [InlineData("DPoP error=\"use_dpop_nonce\"", "n-1", 2, 0)]
    [InlineData("Bearer, DPoP algs=\"ES256\", error=\"use_dpop_nonce\"", "n-1", 2, 0)]
    [InlineData("DPoP error=\"use_dpop_nonce\"", null, 1, 0)]
    [InlineData("DPoP error=\"use_dpop_nonce\"", "no nonce", 1, 0)]
    [InlineData("DPoP error=\"use_dpop_nonce\"", "\"quoted\"", 1, 0)]
    [InlineData("DPoP error=\"invalid_dpop_proof\"", null, 2, 0)]
    [InlineData("DPoP error=\"invalid_dpop_proof\"", "n-1", 2, 0)]
    [InlineData("DPoP error=\"invalid_token\"", "n-1", 2, 1)]
    public async Task An_answer_that_never_changes_ends_the_request(string challenge, string? nonce, int sendings, int refreshes)
    {
        var proofs = new List<string>();
        var tokens = new BoundTokens();
        using HttpMessageInvoker client = GivenHandler.Client(tokens, request =>
        {
            proofs.Add(request.Headers.GetValues("DPoP").Single());
            HttpResponseMessage response = FakeHandler.Response(401);
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge);
            if (nonce is not null)
            {
                response.Headers.TryAddWithoutValidation("DPoP-Nonce", nonce);
            }

            return response;
        });

        HttpResponseMessage answer = await GivenHandler.SendAsync(client);

        answer.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        proofs.Should().HaveCount(sendings).And.OnlyHaveUniqueItems();
        tokens.Refreshes.Should().Be(refreshes);
    }

    [Fact]
    public async Task A_proof_that_a_retry_further_inside_sent_twice_is_made_anew_without_a_refresh()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync();
        using var http = new HttpClient(new BearerTokenHandler(login.CreateProvider())
        {
            InnerHandler = new SendsTwice { InnerHandler = new SocketsHttpHandler() },
        });

        using HttpResponseMessage answer = await http.GetAsync(login.Server.ApiUri);

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        login.Books.Should().BeEquivalentTo(new { TokenRequests = 0, ProofsRefused = 1 });
    }

    [Fact]
    public async Task A_plain_token_in_place_of_a_bound_one_goes_without_a_proof()
    {
        var headers = new List<(string? Scheme, bool HasProof)>();
        using HttpMessageInvoker client = GivenHandler.Client(new BoundTokens { BecomesPlain = true }, request =>
        {
            headers.Add((request.Headers.Authorization?.Scheme, request.Headers.Contains("DPoP")));
            return FakeHandler.Response(headers.Count == 1 ? 401 : 200);
        });

        (await GivenHandler.SendAsync(client)).StatusCode.Should().Be(HttpStatusCode.OK);

        headers.Should().Equal(("DPoP", true), ("Bearer", false));
    }

    [Fact]
    public async Task The_nonce_that_was_asked_for_counts_and_not_an_older_one_that_comes_late()
    {
        var nonces = new List<string?>();
        HttpMessageInvoker? client = null;
        using HttpMessageInvoker made = client = GivenHandler.Client(new BoundTokens(), request =>
        {
            string claims = Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(request.Headers.GetValues("DPoP").Single().Split('.')[1]));
            bool hasNonce = JsonDocument.Parse(claims).RootElement.TryGetProperty("nonce", out JsonElement nonce);
            nonces.Add(hasNonce ? nonce.GetString() : null);
            bool isFirst = nonces.Count == 1;
            HttpResponseMessage response = FakeHandler.Response(isFirst ? 401 : 200);
            response.Headers.TryAddWithoutValidation("DPoP-Nonce", isFirst ? "newer" : "older");
            if (isFirst)
            {
                response.Headers.TryAddWithoutValidation("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"");
                response.Content = new AtDisposal(() => GivenHandler.SendAsync(client!).GetAwaiter().GetResult());
            }

            return response;
        });

        HttpResponseMessage answer = await GivenHandler.SendAsync(client);

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        nonces.Should().Equal(null, "newer", "newer");
    }

    [Fact]
    public async Task A_program_s_own_predicate_does_not_see_the_request_for_a_nonce()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync(WithNonce);
        var options = new BearerTokenHandlerOptions { ShouldRefresh = answer => answer.StatusCode == HttpStatusCode.Unauthorized };
        using HttpClient client = ClientOf(login.CreateProvider(), options);

        (await SendAsync(client, login)).Should().Be(HttpStatusCode.OK);

        login.Books.Should().BeEquivalentTo(new { TokenRequests = 0, NoncesAsked = 1 });
    }

    [Fact]
    public async Task Neither_token_nor_proof_stays_on_the_request()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync(WithNonce);
        using HttpClient client = ClientOf(login.CreateProvider());
        using var request = new HttpRequestMessage(HttpMethod.Get, login.Server.ApiUri);

        (await client.SendAsync(request)).StatusCode.Should().Be(HttpStatusCode.OK);

        request.Headers.Select(header => header.Key).Should().NotContain(["Authorization", "DPoP"]);
    }

    [Fact]
    public async Task A_redirect_to_another_origin_takes_the_token_off()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync();
        using HttpClient client = ClientOf(login.CreateProvider());

        await SendAsync(client, login, path: "redirect");

        login.Books.Should().BeEquivalentTo(new { RedirectTargetHits = 1, RedirectTargetSecrets = 0, TokenRequests = 0 });
    }

    [Fact]
    public async Task A_request_without_the_handler_is_proven_by_what_the_token_holds()
    {
        await using SharedLogin login = await SharedLogin.StartBoundAsync();
        AccessToken token = await login.CreateProvider().GetAccessTokenAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, login.Server.ApiUri);

        request.Headers.TryAddWithoutValidation(token.HeaderName, token.HeaderValue);
        request.Headers.TryAddWithoutValidation(
            DPoPKey.ProofHeaderName, token.DPoPKey!.CreateProof(request.Method, request.RequestUri!, token.Value));

        (await http.SendAsync(request)).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    private static HttpClient ClientOf(ITokenProvider provider, BearerTokenHandlerOptions? options = null) =>
        new(new BearerTokenHandler(provider, options) { InnerHandler = new SocketsHttpHandler() });

    private static async Task<HttpStatusCode> SendAsync(HttpClient client, SharedLogin login, bool isSynchronous = false, string path = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(login.Server.ApiUri, path));
        using HttpResponseMessage answer = isSynchronous
            ? await Task.Run(() => client.Send(request))
            : await client.SendAsync(request);
        return answer.StatusCode;
    }

    private sealed class BoundTokens : ITokenProvider
    {
        private readonly DPoPKey _key = DPoPKey.Create();

        public int Refreshes { get; private set; }

        public bool BecomesPlain { get; init; }

        public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) => new(
            BecomesPlain && Refreshes > 0
                ? new AccessToken($"T{Refreshes}")
                : new AccessToken($"T{Refreshes}", tokenType: "DPoP") { DPoPKey = _key });

        public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default)
        {
            Refreshes++;
            return GetAccessTokenAsync(cancellationToken);
        }
    }

    // The first request alone, as a retry does whose answer was lost.
    private sealed class SendsTwice : DelegatingHandler
    {
        private bool _hasSent;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!_hasSent)
            {
                _hasSent = true;
                (await base.SendAsync(request, cancellationToken)).Dispose();
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class AtDisposal(Action act) : ByteArrayContent([])
    {
        protected override void Dispose(bool disposing)
        {
            act();
            base.Dispose(disposing);
        }
    }
}
