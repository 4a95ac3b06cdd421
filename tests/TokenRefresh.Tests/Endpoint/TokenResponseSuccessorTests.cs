using System.Text;
using FluentAssertions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

/// <summary>Which of the refresh tokens of an answer is the new one, and that finding it takes no time to speak of.</summary>
public sealed class TokenResponseSuccessorTests
{
    private const string Stored = "at-stored";
    private const int LongestBody = 1024 * 1024;

    [Theory]
    [FailureMode("F112")]
    [InlineData("""{"access_token":"at","tokens":{"refresh_token":"rt"},"expires_in":3600}""")]
    [InlineData("""{"access_token":"at","refresh":{"refresh_token":"rt"}}""")]
    [InlineData("""{"refresh":{"refreshToken":"rt"},"accessToken":"at"}""")]
    [InlineData("""{"access_token":"at","a":{"b":[{"refresh_token":"rt"}]}}""")]
    [InlineData("""{"access_token":"at","refresh_token":{"refresh_token":"rt"}}""")]
    [InlineData("""{"access_token":"at","refresh_token":{"token":"rt","expires_in":9}}""")]
    [InlineData("""{"access_token":"at","refresh_token":{"value":"rt"}}""")]
    [InlineData("""{"access_token":"at","refresh_token":["rt"]}""")]
    [InlineData("""{"access_token":"at","refresh_token":[{"token":"rt"}]}""")]
    [InlineData("""{"access_token":"at","refresh_token":[["rt"]]}""")]
    [InlineData("""{"access_token":"at","refresh_token":["rt","rt"]}""")]
    [InlineData("""{"access_token":"at","refresh_token":["rt-0123456789-abcdefghij","rt"]}""")]
    [InlineData("""{"data":{"access_token":"at","refresh_token":["rt"]}}""")]
    [InlineData("""{"access_token":"at","data":{"access_token":"at","refresh_token":"rt"}}""")]
    [InlineData("""{"access_token":"at","body":"{\"refresh_token\":\"rt\"}"}""")]
    [InlineData("access_token=at&refresh_token[]=rt")]
    [InlineData("access_token=at&tokens[refresh_token]=rt")]
    [InlineData("access_token=at&tokens.refresh_token=rt&expires_in=60")]
    [InlineData("{\"access_token\":\"at\"}\n{\"refresh_token\":\"rt\"}")]
    [InlineData("{\"status\":\"ok\"}\r\n{\"access_token\":\"at\",\"refresh_token\":\"rt\"}\r\n")]
    [InlineData("""{"status":"ok"}{"data":{"access_token":"at","refresh_token":"rt"}}{"cut":""")]
    public async Task A_refresh_token_that_does_not_stand_beside_the_access_token_is_found(string body)
    {
        TokenResponse response = await AnswerAsync(body);

        response.AccessToken.Should().Be("at");
        response.RefreshToken.Should().Be("rt");
    }

    [Theory]
    [FailureMode("F112")]
    [InlineData("""{"access_token":"at","authed_user":{"access_token":"other","refresh_token":{"refresh_token":"other"}}}""")]
    [InlineData("""{"access_token":"at","authed_user":{"access_token":"other","refresh_token":["other"]}}""")]
    [InlineData("""{"access_token":"at","authed_user":{"access_token":"other","refresh":{"refresh_token":"other"}}}""")]
    [InlineData("""{"access_token":"at","authed_user":{"refresh":{"refresh_token":"other"},"access_token":"other"}}""")]
    [InlineData("""{"data":{"access_token":"at"},"users":[{"access_token":"other","refresh_token":"other"}]}""")]
    [InlineData("""{"access_token":"at","refresh_token":["one","two"]}""")]
    [InlineData("""{"access_token":"at","refresh_token":[]}""")]
    [InlineData("""{"access_token":"at","lifetimes":{"refresh_token":86400}}""")]
    [InlineData("""{"access_token":"at","expires_at":{"refresh_token":"1767229200000"}}""")]
    [InlineData("""{"access_token":"at","warnings":{"refresh_token":"expires soon"}}""")]
    [InlineData("""{"access_token":"at","warnings":{"refresh_token":["expires soon"]}}""")]
    [InlineData("""{"access_token":"at","links":{"refresh_token":"https://auth.example.com/refresh"}}""")]
    public async Task What_is_another_access_token_s_or_no_token_is_not_taken_for_the_new_one(string body)
    {
        TokenResponse response = await AnswerAsync(body);

        response.AccessToken.Should().Be("at");
        response.RefreshToken.Should().BeNull();
    }

    [Theory]
    [FailureMode("F90", "F112")]
    [InlineData("""{"request":{"refresh_token":"SENT"},"a":{"access_token":"at"},"r":{"refresh_token":"rt"}}""")]
    [InlineData("""{"refresh_token":"SENT","data":{"access_token":"at"},"x":{"refresh_token":"rt"}}""")]
    [InlineData("""{"refresh_token":"SENT","data":{"access_token":"at","refresh_token":"rt"}}""")]
    [InlineData("""{"data":{"access_token":"at","refresh_token":"SENT"},"refresh_token":"rt"}""")]
    [InlineData("""{"access_token":"at","refresh_token":"rt","refreshToken":"SENT"}""")]
    [InlineData("""{"access_token":"at","refreshToken":"SENT","refresh_token":"rt"}""")]
    [InlineData("""{"access_token":"at","refresh_token":"SENT","refresh_token":["rt"]}""")]
    [InlineData("""{"access_token":"at","access_token":"at-stored","refresh_token":"rt"}""")]
    [InlineData("access_token=at&refresh_token=rt&refresh_token=SENT")]
    [InlineData("access_token=at&refresh_token=SENT&refresh_token=rt")]
    [InlineData("""{"old":{"access_token":"at-stored","refresh_token":"SENT"},"new":{"access_token":"at","refresh_token":"rt"}}""")]
    [InlineData("""{"access_token":"at-stored","refresh_token":"SENT","new":{"access_token":"at","refresh_token":"rt"}}""")]
    [InlineData("""{"old":{"access_token":"at-stored"},"new":{"access_token":"at"},"r":{"refresh_token":"rt"}}""")]
    public async Task An_echo_of_what_was_sent_or_stored_does_not_hide_the_new_tokens(string body)
    {
        TokenResponse response = await AnswerAsync(body.Replace("SENT", Given.RefreshToken, StringComparison.Ordinal));

        response.AccessToken.Should().Be("at");
        response.RefreshToken.Should().Be("rt");
    }

    [Theory]
    [FailureMode("F42")]
    [InlineData("""{"access_token":"at","refresh_token":"SENT"}""", "at")]
    [InlineData("""{"access_token":"at-stored","refresh_token":"SENT"}""", Stored)]
    [InlineData("""{"data":{"access_token":"at-stored","refresh_token":"SENT"}}""", Stored)]
    [InlineData("access_token=at&refresh_token=SENT&refresh_token=SENT", "at")]
    public async Task A_server_that_answers_the_same_tokens_again_is_believed(string body, string accessToken)
    {
        TokenResponse response = await AnswerAsync(body.Replace("SENT", Given.RefreshToken, StringComparison.Ordinal));

        response.AccessToken.Should().Be(accessToken);
        response.RefreshToken.Should().Be(Given.RefreshToken);
    }

    [Fact]
    [FailureMode("F112")]
    public async Task A_new_refresh_token_beside_the_stored_access_token_goes_with_that()
    {
        TokenResponse response = await AnswerAsync(
            """{"access_token":"at-stored","refresh_token":"rt","authed_user":{"access_token":"other","refresh_token":"other"}}""");

        response.AccessToken.Should().Be(Stored);
        response.RefreshToken.Should().Be("rt");
    }

    [Theory]
    [FailureMode("F90")]
    [InlineData("""{"request":{"refresh_token":"SENT"},"result":{"refresh_token":"rt"}}""", "rt")]
    [InlineData("""{"request":{"refresh_token":"SENT"},"result":{"refresh_token":"rt","access_tok""", "rt")]
    [InlineData("""<pre>{"refresh_token":"SENT"}{"refresh_token":"rt"}</pre>""", "rt")]
    [InlineData("""<pre>{"refresh_token":"SENT"}{"refreshToken":"rt"}</pre>""", "rt")]
    [InlineData("""{"refresh\u005ftoken":"rt","access_token":"A2""", "rt")]
    [InlineData("""{"refresh-token":"rt","access_token":"A2""", "rt")]
    [InlineData("""{"errors":{"refresh_token":"is invalid"}}""", null)]
    [InlineData("""{"errors":{"refresh_token":["expired"]}}""", null)]
    [InlineData("""{"request":{"refresh_token":"SENT"}}""", null)]
    public async Task An_answer_without_an_access_token_gives_its_new_refresh_token_and_neither_echo_nor_words(
        string body, string? expected)
    {
        TokenEndpointResult result = await Given.AnswerAsync(
            FakeHandler.Answering(200, body.Replace("SENT", Given.RefreshToken, StringComparison.Ordinal)));

        result.Response.Should().BeNull();
        result.RecoveredRefreshToken.Should().Be(expected);
    }

    [Fact]
    [FailureMode("F90")]
    public async Task An_array_that_is_nested_deep_beside_the_tokens_does_not_lose_them()
    {
        TokenResponse response = await AnswerAsync(
            $$"""{"deep":{{new string('[', 100)}}{{new string(']', 100)}},"access_token":"at","refresh_token":"rt"}""");

        response.AccessToken.Should().Be("at");
        response.RefreshToken.Should().Be("rt");
    }

    [Theory]
    [FailureMode("F57", "F90")]
    [InlineData("""{"groups":[""", "\"0123456789-0123456789-0123456789-0123\"", ",", "],")]
    [InlineData("""{"x":[""", "\"token\"", ",", "],")]
    [InlineData("""{"x":[""", "\"{token\"", ",", "],")]
    [InlineData("""{"x":[""", "\"{\\\"token\\\":1}\"", ",", "],")]
    [InlineData("""{"scope":[""", "\"a\"", ",", "],")]
    [InlineData("""{"error":[""", "\"a\"", ",", "],")]
    [InlineData("""{"refresh_token":[""", "\"rt\"", ",", "],")]
    [InlineData("""{"x":[""", "[]", ",", "],")]
    [InlineData("""{"x":[""", "{}", ",", "],")]
    [InlineData("""{"x":[""", "{\"access_token\":1}", ",", "],")]
    [InlineData("{", "\"x\":[1]", ",", ",")]
    [InlineData("""{"scope":" """, "a", " ", "\",")]
    [InlineData("""{"LONG":[""", "[]", ",", "],")]
    public void An_answer_of_any_shape_is_read_in_proportion_to_its_length(string start, string item, string between, string end)
    {
        start = start.Replace("LONG", new string('n', LongestBody / 2), StringComparison.Ordinal);
        const string Tokens = "\"access_token\":\"at\",\"refresh_token\":\"rt\"}";
        int count = (LongestBody - start.Length - end.Length - Tokens.Length - 2) / (item.Length + between.Length);
        string body = start + string.Join(between, Enumerable.Repeat(item, count)) + end + Tokens;

        TokenResponseParser answer = Parse(body, out long allocated);

        answer.AccessToken.Should().Be("at");
        answer.RefreshToken.Should().Be("rt");
        allocated.Should().BeLessThan(200L * LongestBody, "each byte is read a few times, not once for each of the others");
    }

    [Theory]
    [FailureMode("F57", "F90")]
    [InlineData("o{0}[b]=1&", "access_token=at&refresh_token=rt", "at")]
    [InlineData("o[{0}]=token&", "access_token=at&refresh_token=rt", "at")]
    [InlineData("\"refresh_token\":/*", "\"refresh_token\":\"rt\"", null)]
    [InlineData("\"refresh_token\":\"\",", "\"refresh_token\":\"rt\"", null)]
    [InlineData("\"refresh_token\":1,", "\"refresh_token\":\"rt\"", null)]
    [InlineData("\"refresh_token\" ", "\"refresh_token\":\"rt\"", null)]
    public void The_tokens_behind_many_other_members_are_found(string member, string tokens, string? accessToken)
    {
        var body = new StringBuilder();
        for (int i = 0; body.Length < LongestBody - 200; i++)
        {
            body.Append(member.Replace("{0}", $"{i}", StringComparison.Ordinal));
        }

        TokenResponseParser answer = Parse(body + tokens, out _);

        answer.AccessToken.Should().Be(accessToken);
        answer.RefreshToken.Should().Be("rt");
    }

    [Theory]
    [FailureMode("F57")]
    [InlineData("""["a","b"]""", 2)]
    [InlineData("LIST", null)]
    [InlineData("TEXT", null)]
    public void Scopes_that_are_too_many_to_store_count_as_unknown(string scope, int? expected)
    {
        string many = string.Join(" ", Enumerable.Repeat("ab", 100_000));
        scope = scope.Replace("TEXT", $"\"{many}\"", StringComparison.Ordinal)
            .Replace("LIST", $"[\"{many.Replace(" ", "\",\"", StringComparison.Ordinal)}\"]", StringComparison.Ordinal);

        TokenResponseParser answer = Parse($$"""{"access_token":"at","scope":{{scope}},"refresh_token":"rt"}""", out _);

        (answer.TryCreateResponse()!.Scopes?.Count).Should().Be(expected);
    }

    private static async Task<TokenResponse> AnswerAsync(string body)
    {
        TokenEndpointResult result = await Given.Client(FakeHandler.Answering(200, body))
            .RefreshAsync(new TokenRequest(Given.RefreshToken) { StoredAccessToken = Stored });
        return result.Response ?? throw new InvalidOperationException($"The answer was read as '{result}'.");
    }

    private static TokenResponseParser Parse(string body, out long allocated)
    {
        using HttpResponseMessage response = FakeHandler.Response(200, body);
        Task<LimitedBody> reading = LimitedBody.ReadAsync(response.Content, isSynchronous: true, CancellationToken.None);
        reading.IsCompleted.Should().BeTrue("a synchronous read ends on its thread");
        LimitedBody bytes = reading.Result;
        long before = GC.GetAllocatedBytesForCurrentThread();
        var answer = new TokenResponseParser(bytes, response, new TokenRequest(Given.RefreshToken), TimeProvider.System);
        answer.TryCreateResponse();
        answer.ReadError(out _, out _);
        allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return answer;
    }
}
