using System.IO.Compression;
using System.Text;
using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Wire;

namespace TokenRefresh.Tests.Endpoint;

public sealed class TokenResponseTests
{
    [Fact]
    public async Task A_full_answer_is_read()
    {
        TokenResponse response = await Given.ResponseAsync("""
            {"token_type":"bearer","access_token":"at","expires_in":3600,"refresh_token":"rt","refresh_token_expires_in":86400.5,
            "scope":"a  b","organization":{"uuid":"x","list":[1]}}
            """);

        response.AccessToken.Should().Be("at");
        response.RefreshToken.Should().Be("rt");
        response.ExpiresIn.Should().Be(TimeSpan.FromHours(1));
        response.RefreshTokenExpiresIn.Should().Be(TimeSpan.FromSeconds(86400.5));
        response.Scopes.Should().Equal("a", "b");
        response.TokenType.Should().Be("Bearer");
    }

    [Fact]
    public async Task The_camel_case_dialect_is_read()
    {
        TokenResponse response = await Given.ResponseAsync(
            """
            {"accessToken":"at","refreshToken":"rt","expiresIn":60,"refreshExpiresIn":"120","scopes":["a",7,null,{}],
            "tokenType":"DPoP"}
            """);

        response.Should().BeEquivalentTo(new TokenResponse("at", "rt", TimeSpan.FromMinutes(1))
        {
            RefreshTokenExpiresIn = TimeSpan.FromMinutes(2),
            Scopes = ["a", "7"],
            TokenType = "DPoP",
        });
    }

    [Theory]
    [FailureMode("F89")]
    [InlineData("""{"access_token":"at","account_id":"a"}""", "a")]
    [InlineData("""{"access_token":"at","accountId":17}""", "17")]
    [InlineData("""{"access_token":"at","account":{"uuid":"u","email_address":"jo@example.com"}}""", "u")]
    [InlineData("""{"access_token":"at","account":{"id":"i","organization":{"uuid":"o"}}}""", "i")]
    [InlineData("""{"account":{"id":"i","uuid":"u"},"access_token":"at","account_id":"a"}""", "a")]
    [InlineData("""{"account":{"id":"i","uuid":"u"},"access_token":"at","account_id":null}""", "u")]
    [InlineData("""{"access_token":"at","account":"jo@example.com"}""", null)]
    [InlineData("""{"access_token":"at","account":[{"id":"i"}],"account_id":""}""", null)]
    [InlineData("""{"access_token":"at","organization":{"uuid":"o"}}""", null)]
    public async Task The_account_is_read_where_the_answer_names_one(string body, string? account)
    {
        TokenResponse response = await Given.ResponseAsync(body);

        response.AccessToken.Should().Be("at");
        response.AccountId.Should().Be(account);
    }

    [Theory]
    [FailureMode("F89")]
    [InlineData("""{"sub":"s","nested":{"sub":"n"}}""", "s")]
    [InlineData("""{"sub":""}""", null)]
    [InlineData("""{"sub":17}""", null)]
    [InlineData("""{"sub":{"sub":"s"}}""", null)]
    [InlineData("""{"sub":"\ud800"}""", null)]
    [InlineData("""{"sub":"s" """, null)]
    [InlineData("""["sub"]""", null)]
    public async Task The_subject_of_an_identity_token_is_read_where_it_is_a_text(string claims, string? subject)
    {
        string payload = Convert.ToBase64String(Encoding.UTF8.GetBytes(claims)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        string token = $"eyJhbGciOiJub25lIn0.{payload}.c2ln";

        TokenResponse response = await Given.ResponseAsync($$"""{"access_token":"at","id_token":"{{token}}"}""");

        response.Subject.Should().Be(subject);
        response.AccountId.Should().BeNull();
    }

    [Theory]
    [FailureMode("F42")]
    [InlineData("")]
    [InlineData(""","refresh_token":null""")]
    [InlineData(""","refresh_token":"" """)]
    [InlineData(""","refresh_token":{}""")]
    public async Task A_refresh_token_that_is_absent_null_or_empty_means_keep_the_old_one(string member)
    {
        TokenResponse response = await Given.ResponseAsync($$"""{"access_token":"at"{{member}}}""");

        response.RefreshToken.Should().BeNull();
    }

    [Theory]
    [FailureMode("F73")]
    [InlineData("3600", 3600d)]
    [InlineData("\"3600\"", 3600d)]
    [InlineData("3599.5", 3599.5)]
    [InlineData("3.6e3", 3600d)]
    [InlineData("\"1e999\"", 3155760000d)]
    [InlineData("0", null)]
    [InlineData("null", null)]
    [InlineData("\"\"", null)]
    [InlineData("\"NaN\"", null)]
    [InlineData("\"an hour\"", null)]
    [InlineData("[3600]", null)]
    [InlineData("true", null)]
    public async Task A_lifetime_may_be_a_number_a_numeric_string_or_unknown(string value, double? seconds)
    {
        TokenResponse response = await Given.ResponseAsync($$"""{"access_token":"at","expires_in":{{value}},"refresh_token":"rt"}""");

        response.ExpiresIn.Should().Be(seconds is { } s ? TimeSpan.FromSeconds(s) : null);
        response.RefreshToken.Should().Be("rt");
    }

    [Fact]
    [FailureMode("F73")]
    public async Task A_negative_lifetime_is_logged_and_the_tokens_are_used()
    {
        var log = new LogCollector();

        TokenEndpointResult result = await Given.Client(
            FakeHandler.Answering(200, """{"access_token":"at","expires_in":-1,"refresh_token":"rt"}"""), logger: log)
            .RefreshAsync(new TokenRequest("old"));

        result.Response!.ExpiresIn.Should().BeNull();
        result.Response.RefreshToken.Should().Be("rt");
        log.CountOf(TokenRefreshEventIds.LifetimeMalformed).Should().Be(1);
        log.Text.Should().Contain("negative 'expires_in'").And.NotContain("rt\"");
    }

    [Theory]
    [InlineData("\uFEFF{\"access_token\":\"at\",\"refresh_token\":\"rt\"}")]
    [InlineData("{\"access_token\":\"at\",\"refresh_token\":\"rt\",}\n<!-- served by cache 7 -->")]
    [InlineData("{\"name\":\"\\ud800\",\"access_token\":\"at\",\"refresh_token\":\"rt\"}")]
    public async Task Details_around_readable_tokens_do_not_lose_them(string body)
    {
        TokenResponse response = await Given.ResponseAsync(body);

        response.RefreshToken.Should().Be("rt");
    }

    [Fact]
    public async Task Bytes_that_are_no_utf_8_in_another_member_do_not_lose_the_tokens()
    {
        byte[] body =
        [
            .. "{\"name\":\""u8, 0xE9, .. "\",\"access_token\":\"at\",\"error_description\":\""u8, 0xE9,
            .. "\",\"refresh_token\":\"rt\"}"u8,
        ];
        var handler = new FakeHandler(_ => new HttpResponseMessage { Content = new ByteArrayContent(body) });

        TokenEndpointResult result = await Given.AnswerAsync(handler);

        result.Response!.RefreshToken.Should().Be("rt");
    }

    [Theory]
    [FailureMode("F90")]
    [InlineData("""{"refresh_token":"rt-new","access_tok""", "rt-new", false)]
    [InlineData("""{"access_token":"at","refresh_token" : "rt-n\u0065w","expires_in":36""", "rt-new", false)]
    [InlineData("""{"data":{"refresh_token":"rt-new"}}""", "rt-new", true)]
    [InlineData("""{"error":"oops","data":{"access_token":"at","refresh_token":"rt-new"}}""", "rt-new", true)]
    [InlineData("""{"token":{"RefreshToken":"rt-new"}}""", "rt-new", true)]
    [InlineData("refresh_token=rt-new&token_type=bearer", "rt-new", true)]
    [InlineData("""<pre>{"access_token":"at","refresh_token":"rt-new"}</pre>""", "rt-new", false)]
    [InlineData("""{"error":"invalid_grant","refresh_token":"rt-new"}""", "rt-new", true)]
    [InlineData("""{"access_token":"at","refresh_token":"rt-ne""", null, true)]
    [InlineData("""{"access_token":"at","refresh_token":"rt-new\""", null, true)]
    [InlineData("""{"refresh_token":null,"x":"refresh_token"}""", null, true)]
    [InlineData("""{"refresh_token":"rt-0123456789-abcdefghij"}""", null, true)]
    public async Task A_complete_refresh_token_in_a_broken_success_is_recovered(
        string body, string? expected, bool isWithoutTokens)
    {
        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(200, body));

        result.Outcome.Should().Be(TokenEndpointOutcome.Unknown);
        result.RecoveredRefreshToken.Should().Be(expected);
        result.IsWithoutTokens.Should().Be(isWithoutTokens, "a whole answer would be the same again");
    }

    [Fact]
    [FailureMode("F90")]
    public async Task A_body_nested_deeper_than_json_is_read_does_not_lose_its_refresh_token()
    {
        string body = string.Concat(
            Enumerable.Repeat("""{"a":""", 300)) + """{"access_token":"at","refresh_token":"rt-new"}""" + new string('}', 300);

        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(200, body));

        result.RecoveredRefreshToken.Should().Be("rt-new");
    }

    [Fact]
    public async Task A_refused_answer_recovers_nothing()
    {
        TokenEndpointResult result = await Given.AnswerAsync(
            FakeHandler.Answering(400, """{"error":"invalid_grant","refresh_token":"rt-new"}"""));

        result.Outcome.Should().Be(TokenEndpointOutcome.RefreshTokenRejected);
        result.RecoveredRefreshToken.Should().BeNull();
    }

    [Theory]
    [FailureMode("F57", "F90")]
    [InlineData("identity")]
    [InlineData("chunked")]
    [InlineData("gzip")]
    public async Task An_endless_answer_is_read_up_to_1_MiB_and_no_further(string transfer)
    {
        string head = """{"refresh_token":"rt-new","junk":" """;
        await using var server = new WireServer(async e =>
        {
            string type = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
            try
            {
                switch (transfer)
                {
                    case "identity":
                        await e.SendAsync(type + "Content-Length: 67108864\r\n\r\n" + head);
                        await ForeverAsync(new string('x', 8192), e);
                        break;
                    case "chunked":
                        await e.SendAsync(type + $"Transfer-Encoding: chunked\r\n\r\n{head.Length:x}\r\n{head}\r\n");
                        await ForeverAsync("2000\r\n" + new string('x', 8192) + "\r\n", e);
                        break;
                    default:
                        byte[] bomb = Compress(Encoding.ASCII.GetBytes(head + new string('x', 64 << 20)));
                        await e.SendAsync(type + $"Content-Encoding: gzip\r\nContent-Length: {bomb.Length}\r\n\r\n");
                        await e.SendAsync(bomb);
                        break;
                }
            }
            catch (IOException)
            {
                e.Close();
            }
        });
        using SocketsHttpHandler handler = TokenEndpointTransport.CreateHandler();

        TokenEndpointResult result = await Given.AnswerAsync(handler, o => o.TokenEndpoint = server.TokenEndpoint);

        result.Outcome.Should().Be(TokenEndpointOutcome.Unknown);
        result.RecoveredRefreshToken.Should().Be("rt-new");
    }

    [Theory]
    [FailureMode("F57")]
    [InlineData("gzip", "gzip")]
    [InlineData("x-gzip", "gzip")]
    [InlineData(null, "gzip")]
    [InlineData("deflate", "gzip")]
    [InlineData("br", "br")]
    [InlineData("deflate", "deflate")]
    [InlineData("gzip", null)]
    [InlineData("br", null)]
    [InlineData("deflate", null)]
    [InlineData("zstd", null)]
    public async Task An_answer_is_read_however_it_is_compressed_and_labelled(string? label, string? coding)
    {
        byte[] plain = """{"access_token":"at-new","refresh_token":"rt-new","expires_in":3600}"""u8.ToArray();
        byte[] body = Compress(plain, coding);
        await using var server = new WireServer(async e =>
        {
            string encoding = label is null ? "" : $"Content-Encoding: {label}\r\n";
            await e.SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{encoding}Content-Length: {body.Length}\r\n\r\n");
            await e.SendAsync(body);
        });
        using var transport = new TokenEndpointTransport();

        TokenEndpointResult result = await Given.Client(transport, o => o.TokenEndpoint = server.TokenEndpoint)
            .RefreshAsync(new TokenRequest(Given.RefreshToken));

        (result.Response?.AccessToken).Should().Be("at-new");
        (result.Response?.RefreshToken).Should().Be("rt-new");
    }

    [Fact]
    [FailureMode("F57")]
    public async Task An_http_client_does_not_buffer_the_answer_before_its_length_is_looked_at()
    {
        var endless = new CountingStream();
        using var http = new HttpClient(new FakeHandler(_ => new HttpResponseMessage { Content = new StreamContent(endless) }));
        var client = new HttpTokenEndpointClient(Given.Settings(), () => http, null, TimeProvider.System, NullLogger.Instance);

        TokenEndpointResult result = await client.RefreshAsync(new TokenRequest("rt"));

        result.Outcome.Should().Be(TokenEndpointOutcome.Unknown);
        endless.BytesRead.Should().Be(1024 * 1024);
    }

    [Theory]
    [FailureMode("F57", "F130")]
    [InlineData(1048576, TokenEndpointOutcome.Succeeded)]
    [InlineData(1048577, TokenEndpointOutcome.Unknown)]
    public async Task The_limit_is_exact(int length, TokenEndpointOutcome expected)
    {
        const string Start = """{"access_token":"at","junk":" """;
        string body = Start + new string('x', length - Start.Length - 2) + "\"}";

        TokenEndpointResult result = await Given.AnswerAsync(FakeHandler.Answering(200, body));

        result.Outcome.Should().Be(expected);
    }

    private static async Task ForeverAsync(string text, WireExchange exchange)
    {
        while (true)
        {
            await exchange.SendAsync(text);
        }
    }

    private static byte[] Compress(byte[] bytes, string? coding = "gzip")
    {
        using var compressed = new MemoryStream();
        using (Stream stream = coding switch
        {
            "gzip" => new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
            "br" => new BrotliStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
            _ => compressed,
        })
        {
            stream.Write(bytes);
        }

        return compressed.ToArray();
    }

    private sealed class CountingStream : Stream
    {
        public long BytesRead { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            buffer.AsSpan(offset, count).Fill((byte)' ');
            BytesRead += count;
            return count;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
