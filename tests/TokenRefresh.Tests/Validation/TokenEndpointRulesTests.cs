using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Validation;

public sealed class TokenEndpointRulesTests
{
    [Fact]
    public void A_missing_endpoint_and_a_missing_client_id_are_refused_and_named()
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => (o.TokenEndpoint, o.ClientId) = (null, " ")));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'TokenEndpoint' is not set. Set it to*'ClientId' is not set. Set it to*");
    }

    [Fact]
    public void Neither_is_needed_with_a_client_of_one_s_own()
    {
        var services = new CoordinatedTokenProviderServices { TokenEndpointClient = new UnusedTokenEndpointClient() };

        var check = SomeOptions.Checking(SomeOptions.Valid(o => (o.TokenEndpoint, o.ClientId) = (null, null)), services);

        check.Should().NotThrow();
    }

    [Fact]
    public void Neither_is_needed_by_a_provider_that_only_follows_but_by_one_that_may_refresh()
    {
        var followed = SomeOptions.Checking(SomeOptions.Valid(
            o => (o.Mode, o.TokenEndpoint, o.ClientId) = (TokenRefreshMode.Follow, null, null)));
        var perhaps = SomeOptions.Checking(SomeOptions.Valid(
            o => (o.Mode, o.TokenEndpoint, o.ClientId) = (TokenRefreshMode.FollowIfReadOnly, null, null)));

        followed.Should().NotThrow();
        perhaps.Should().Throw<TokenRefreshConfigurationException>().WithMessage("'TokenEndpoint' is not set.*'ClientId' is not set.*");
    }

    [Fact]
    public void A_mode_that_is_none_is_refused()
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.Mode = (TokenRefreshMode)3));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'Mode' is '3'. Set it to one of 'Refresh', 'Follow', 'FollowIfReadOnly'.");
    }

    [Fact]
    public void A_grant_that_there_is_not_is_refused()
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.Grant = (TokenGrant)7));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'Grant' is '7'. Set it to one of *'RefreshToken'*'ClientCredentials'*");
    }

    [Theory]
    [InlineData("http://auth.example.com/token")]
    [InlineData("http://192.0.2.1/token")]
    [FailureMode("F92")]
    public void Http_is_refused_unless_it_is_allowed(string address)
    {
        SomeOptions.Checking(SomeOptions.Valid(o => o.TokenEndpoint = new Uri(address)))
            .Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage(
                $"'TokenEndpoint' is '{address}': http would send the refresh token in clear. "
                + "Use https;*'AllowInsecureHttp' (now 'False') to true.");
        SomeOptions.Checking(SomeOptions.Valid(o => o.RevocationEndpoint = new Uri(address)))
            .Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage($"'RevocationEndpoint' is '{address}': http*");
        SomeOptions.Checking(SomeOptions.Valid(o => (o.TokenEndpoint, o.AllowInsecureHttp) = (new Uri(address), true))).Should().NotThrow();
    }

    [Theory]
    [InlineData("http://localhost:5000/token")]
    [InlineData("http://127.0.0.1/token")]
    [InlineData("http://[::1]:8080/token")]
    [FailureMode("F92")]
    public void Http_to_loopback_is_accepted(string address)
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.TokenEndpoint = new Uri(address)));

        check.Should().NotThrow();
    }

    [Theory]
    [InlineData("token")]
    [InlineData("/token")]
    [InlineData("ftp://auth.example.com/token")]
    public void An_address_that_is_not_absolute_or_not_of_the_web_is_refused(string address)
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.TokenEndpoint = new Uri(address, UriKind.RelativeOrAbsolute)));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage($"'TokenEndpoint' is '{address}', which is no absolute https address. Write it in full*");
    }

    [Fact]
    [FailureMode("F88")]
    public void User_information_query_and_fragment_of_a_refused_address_are_not_shown()
    {
        var options = SomeOptions.Valid(o => o.TokenEndpoint = new Uri("https://user:pa55word@auth.example.com/token?key=hidden#part"));

        var check = SomeOptions.Checking(options);

        var message = check.Should().Throw<TokenRefreshConfigurationException>().Which.Message;
        message.Should().Contain("'TokenEndpoint' is 'https://auth.example.com/token' and carries a user name or password")
            .And.Contain("carries a fragment");
        message.Should().NotContainAny("user:", "pa55word", "hidden", "part");
    }

    [Theory]
    [InlineData(ClientAuthentication.ClientSecretBasic)]
    [InlineData(ClientAuthentication.ClientSecretPost)]
    public void A_secret_must_be_there_exactly_when_it_is_sent(ClientAuthentication authentication)
    {
        SomeOptions.Checking(SomeOptions.Valid(o => (o.ClientAuthentication, o.ClientSecret) = (authentication, SomeOptions.Secret)))
            .Should().NotThrow();
        SomeOptions.Checking(SomeOptions.Valid(o => o.ClientAuthentication = authentication))
            .Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage($"'ClientSecret' is not set, but 'ClientAuthentication' is '{authentication}'.*");
        SomeOptions.Checking(SomeOptions.Valid(o => o.ClientSecret = SomeOptions.Secret))
            .Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'ClientSecret' is set, but 'ClientAuthentication' is 'None' and would never send it.*");
    }

    [Theory]
    [InlineData(ClientAuthentication.None)]
    [InlineData(ClientAuthentication.ClientSecretBasic)]
    [InlineData(ClientAuthentication.ClientSecretPost)]
    public void An_assertion_that_another_method_would_never_ask_for_is_refused(ClientAuthentication authentication)
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o =>
        {
            (o.ClientAuthentication, o.ClientAssertion) = (authentication, _ => new("assertion"));
            o.ClientSecret = authentication == ClientAuthentication.None ? null : SomeOptions.Secret;
        }));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage($"'ClientAssertion' is set, but 'ClientAuthentication' is '{authentication}' and would never ask it.*");
    }

    [Fact]
    public void An_assertion_must_be_there_when_it_is_sent_and_then_neither_a_secret_nor_a_parameter_of_its_name()
    {
        static void Change(TokenRefreshOptions o) =>
            (o.ClientAuthentication, o.ClientAssertion) = (ClientAuthentication.ClientAssertion, _ => new("assertion"));

        SomeOptions.Checking(SomeOptions.Valid(Change)).Should().NotThrow();
        SomeOptions.Checking(SomeOptions.Valid(o => o.ClientAuthentication = ClientAuthentication.ClientAssertion))
            .Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'ClientAssertion' is not set, but 'ClientAuthentication' is 'ClientAssertion'. Set it in code*");
        SomeOptions.Checking(SomeOptions.Valid(o =>
        {
            Change(o);
            o.ClientSecret = SomeOptions.Secret;
        })).Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'ClientSecret' is set, but 'ClientAuthentication' is 'ClientAssertion' and would never send it.*")
            .Which.Message.Should().NotContain(SomeOptions.Secret[..8]);
        SomeOptions.Checking(SomeOptions.Valid(o =>
        {
            Change(o);
            o.AdditionalParameters["client_assertion_type"] = "x";
        })).Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'AdditionalParameters' names 'client_assertion_type'*'ClientAssertion' returns it.");
    }

    [Fact]
    [FailureMode("F88")]
    public void A_secret_with_a_line_end_is_refused_and_never_shown()
    {
        var check = SomeOptions.Checking(
            SomeOptions.Valid(
                o =>
                    (o.ClientAuthentication, o.ClientSecret, o.ClientId) = (
                        ClientAuthentication.ClientSecretPost, SomeOptions.Secret + "\n", "my-cli\r\n")));

        var message = check.Should().Throw<TokenRefreshConfigurationException>().Which.Message;
        message.Should().Contain("'ClientSecret' holds a control character. Remove it")
            .And.Contain("'ClientId' holds a control character (shown as '?') in 'my-cli??'.");
        message.Should().NotContain(SomeOptions.Secret[..8]);
    }

    [Theory]
    [InlineData("grant_type")]
    [InlineData("refresh_token")]
    [InlineData("client_id")]
    [InlineData("CLIENT_SECRET")]
    [InlineData("scope")]
    public void A_parameter_of_the_protocol_cannot_be_overridden(string name)
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.AdditionalParameters[name] = SomeOptions.Secret));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage($"'AdditionalParameters' names '{name}', which is not to be overridden. Remove it.*")
            .Which.Message.Should().NotContain(SomeOptions.Secret[..8]);
    }

    [Theory]
    [InlineData("X-Key", "two\nlines")]
    [InlineData("X-Key", "not ASCII: ß")]
    [InlineData("two words", "value")]
    [InlineData("Content-Type", "text/plain")]
    [InlineData("content-anything", "value")]
    [InlineData("Expires", "0")]
    public void A_header_that_cannot_be_sent_is_refused_without_its_value(string name, string value)
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.AdditionalHeaders[name] = value));

        check.Should().Throw<TokenRefreshConfigurationException>().WithMessage($"'AdditionalHeaders' *'{name}'*")
            .Which.Message.Should().NotContainAny("lines", "ASCII:", "plain");
    }

    [Fact]
    public void An_authorization_header_is_refused_only_where_client_secret_basic_sets_it()
    {
        static void Change(TokenRefreshOptions o) => o.AdditionalHeaders["authorization"] = "Bearer " + SomeOptions.Secret;

        SomeOptions.Checking(SomeOptions.Valid(Change)).Should().NotThrow();
        SomeOptions.Checking(SomeOptions.Valid(o =>
        {
            Change(o);
            (o.ClientAuthentication, o.ClientSecret) = (ClientAuthentication.ClientSecretBasic, SomeOptions.Secret);
        })).Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage("'AdditionalHeaders' names 'authorization', which 'ClientAuthentication' ('ClientSecretBasic') already sets.*")
            .Which.Message.Should().NotContain(SomeOptions.Secret[..8]);
    }

    [Fact]
    public void What_no_request_header_can_be_named_is_what_the_framework_refuses()
    {
        string[] names =
        [
            "X-Key", "x.key", "Host", "Authorization", "Cookie", "ETag", "Server", "Date", "Connection", "Allow", "Expires",
            "Last-Modified", "Content-MD5", "Content-Length", "a b", "a:b", "a\"b", "ä",
        ];

        foreach (string name in names)
        {
            using var request = new HttpRequestMessage();

            OptionText.IsRequestHeader(name).Should().Be(request.Headers.TryAddWithoutValidation(name, "value"), name);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("my scheme")]
    [InlineData("Bearer:")]
    [InlineData(null)]
    public void A_scheme_that_no_header_can_have_is_refused(string? scheme)
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.AuthorizationScheme = scheme!));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage($"'AuthorizationScheme' is '{scheme}', which is no authentication scheme.*");
        SomeOptions.Checking(SomeOptions.Valid(o => o.AuthorizationScheme = "token")).Should().NotThrow();
    }

    [Theory]
    [InlineData("DPoP")]
    [InlineData("dpop")]
    public void A_scheme_that_needs_a_key_is_refused(string scheme)
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.AuthorizationScheme = scheme));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage($"'AuthorizationScheme' is '{scheme}', which needs a key*Use 'Bearer'*");
    }

    [Theory]
    [InlineData("")]
    [InlineData("x api key")]
    [InlineData("Content-Type")]
    [InlineData(null)]
    public void A_name_that_no_request_header_can_have_is_refused_for_the_access_token(string? name)
    {
        var check = SomeOptions.Checking(SomeOptions.Valid(o => o.HeaderName = name!));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage($"'HeaderName' is '{name}', which no request header can be named. Use 'Authorization' or*");
    }

    [Fact]
    public void Values_outside_the_enumerations_are_refused()
    {
        var check = SomeOptions.Checking(
            SomeOptions.Valid(o => (o.ClientAuthentication, o.RequestFormat) = ((ClientAuthentication)9, (TokenRequestFormat)9)));

        check.Should().Throw<TokenRefreshConfigurationException>()
            .WithMessage(
                "'RequestFormat' is '9'. Set it to one of 'Form', 'Json'. 'ClientAuthentication' is '9'. "
                + "Set it to one of 'None', 'ClientSecretBasic', 'ClientSecretPost', 'ClientAssertion'.");
    }

    [Fact]
    public void All_failures_are_told_at_once()
    {
        var options = new TokenRefreshOptions { LockTimeout = TimeSpan.FromSeconds(1), LockPath = "" };

        var check = SomeOptions.Checking(options);

        check.Should().Throw<TokenRefreshConfigurationException>()
            .Which.Message.Should().ContainAll("'LockTimeout'", "'CredentialsPath'", "'LockPath'", "'TokenEndpoint'", "'ClientId'");
    }
}
