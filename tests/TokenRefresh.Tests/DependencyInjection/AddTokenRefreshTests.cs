using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.DependencyInjection;
using TokenRefresh.Endpoint;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Validation;

namespace TokenRefresh.Tests.DependencyInjection;

public sealed class AddTokenRefreshTests
{
    [Fact]
    public void The_unnamed_login_resolves_without_a_key_once()
    {
        using var services = Containers.Build(s => s.AddTokenRefresh(SomeOptions.MakeValid));

        var provider = services.GetRequiredService<CoordinatedTokenProvider>();

        services.GetRequiredService<ITokenProvider>().Should().BeSameAs(provider);
        services.GetRequiredService<CoordinatedTokenProvider>().Should().BeSameAs(provider);
    }

    [Fact]
    public void A_named_login_resolves_by_its_name_and_a_sole_one_without_a_key_too()
    {
        using var services = Containers.Build(s => s.AddTokenRefresh("claude", SomeOptions.MakeValid));

        var provider = services.GetRequiredKeyedService<CoordinatedTokenProvider>("claude");

        services.GetRequiredKeyedService<ITokenProvider>("claude").Should().BeSameAs(provider);
        services.GetRequiredService<CoordinatedTokenProvider>().Should().BeSameAs(provider);
        services.GetRequiredService<ITokenProvider>().Should().BeSameAs(provider);
    }

    [Fact]
    public void Two_named_logins_are_two_and_neither_resolves_without_a_key()
    {
        using var services = Containers.Build(s =>
        {
            s.AddTokenRefresh("claude", SomeOptions.MakeValid);
            s.AddTokenRefresh("other", SomeOptions.MakeValid);
        });

        var unkeyed = services.Invoking(s => s.GetRequiredService<ITokenProvider>());

        services.GetRequiredKeyedService<ITokenProvider>("claude")
            .Should().NotBeSameAs(services.GetRequiredKeyedService<ITokenProvider>("other"));
        unkeyed.Should().Throw<InvalidOperationException>()
            .WithMessage("Several token refreshes are registered ('claude', 'other'), and none without a name.*");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Beside_named_logins_the_unnamed_one_is_meant_without_a_key_whatever_the_order(bool unnamedFirst)
    {
        using var services = Containers.Build(s =>
        {
            if (unnamedFirst)
            {
                s.AddTokenRefresh(SomeOptions.MakeValid);
            }

            s.AddTokenRefresh("claude", SomeOptions.MakeValid);
            if (!unnamedFirst)
            {
                s.AddTokenRefresh(SomeOptions.MakeValid);
            }
        });

        var unnamed = services.GetRequiredService<CoordinatedTokenProvider>();

        services.GetRequiredKeyedService<CoordinatedTokenProvider>("claude").Should().NotBeSameAs(unnamed);
        services.GetRequiredService<ITokenProvider>().Should().BeSameAs(unnamed);
    }

    [Fact]
    public void The_same_name_twice_adds_up()
    {
        using var services = Containers.Build(s =>
        {
            s.AddTokenRefresh("claude", SomeOptions.MakeValid);
            s.AddTokenRefresh("claude", o => o.ClientId = "the later one");
            s.AddTokenRefresh("claude", (provider, o) => o.Scope = provider.GetRequiredService<StaticTokenProvider>().GetType().Name);
            s.AddSingleton(new StaticTokenProvider("x"));
        });

        var options = services.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get("claude");

        options.TokenEndpoint.Should().NotBeNull();
        options.ClientId.Should().Be("the later one");
        options.Scope.Should().Be(nameof(StaticTokenProvider));
        services.GetKeyedServices<CoordinatedTokenProvider>("claude").Should().ContainSingle();
        services.GetServices<IValidateOptions<TokenRefreshOptions>>().OfType<TokenRefreshOptionsValidator>().Should().ContainSingle();
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void An_empty_name_is_refused(string name)
    {
        var add = new ServiceCollection().Invoking(s => s.AddTokenRefresh(name, SomeOptions.MakeValid));

        add.Should().Throw<ArgumentException>().WithParameterName(nameof(name));
    }

    [Fact]
    public void A_fake_registered_later_takes_the_place_of_the_provider()
    {
        var fake = new StaticTokenProvider("fake");
        using var unnamed = Containers.Build(s =>
        {
            s.AddTokenRefresh(SomeOptions.MakeValid);
            s.AddSingleton<ITokenProvider>(fake);
        });
        using var named = Containers.Build(s =>
        {
            s.AddTokenRefresh("claude", SomeOptions.MakeValid);
            s.AddKeyedSingleton<ITokenProvider>("claude", fake);
        });

        unnamed.GetRequiredService<ITokenProvider>().Should().BeSameAs(fake);
        named.GetRequiredKeyedService<ITokenProvider>("claude").Should().BeSameAs(fake);
    }

    [Fact]
    public void Options_that_do_not_hold_fail_the_first_resolution_and_name_the_login()
    {
        using var services = Containers.Build(s => s.AddTokenRefresh("claude", o => o.ClientId = "my-cli"));

        var resolve = services.Invoking(s => s.GetRequiredKeyedService<CoordinatedTokenProvider>("claude"));

        resolve.Should().Throw<OptionsValidationException>().Which.Failures.Should().SatisfyRespectively(
            first => first.Should().StartWith("Token refresh 'claude': 'CredentialsPath' is not set."),
            second => second.Should().StartWith("Token refresh 'claude': 'TokenEndpoint' is not set."));
    }

    [Fact]
    public void One_login_s_bad_options_do_not_fail_another()
    {
        using var services = Containers.Build(s =>
        {
            s.AddTokenRefresh("good", SomeOptions.MakeValid);
            s.AddTokenRefresh("bad", _ => { });
        });

        var resolve = services.Invoking(s => s.GetRequiredKeyedService<CoordinatedTokenProvider>("good"));

        resolve.Should().NotThrow();
    }

    [Fact]
    [FailureMode("F97")]
    public async Task A_container_can_be_disposed_synchronously_and_asynchronously_with_its_providers()
    {
        var synchronously = Containers.Build(s => s.AddTokenRefresh(SomeOptions.MakeValid));
        var asynchronously = Containers.Build(s => s.AddTokenRefresh("claude", SomeOptions.MakeValid));
        synchronously.GetRequiredService<ITokenProvider>();
        asynchronously.GetRequiredKeyedService<ITokenProvider>("claude");
        asynchronously.GetRequiredService<ITokenProvider>();

        var dispose = synchronously.Invoking(s => s.Dispose());
        var disposeAsync = asynchronously.Awaiting(s => s.DisposeAsync().AsTask());

        dispose.Should().NotThrow();
        await disposeAsync.Should().NotThrowAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("claude")]
    public void The_parts_of_a_login_reach_its_provider_and_replace_what_they_make_needless(string? name)
    {
        using var store = new UnusedStore();
        var client = new UnusedTokenEndpointClient();
        var time = new FakeTimeProvider();
        using var services = Containers.Build(s =>
        {
            s.AddSingleton<TimeProvider>(time);
            var builder = name is null ? s.AddTokenRefresh(_ => { }) : s.AddTokenRefresh(name, _ => { });
            builder.UseStore(store).UseTokenEndpointClient(_ => client).UseTokenErrorClassifier<SilentClassifier>();
        });

        var parts = ProviderFactory.ServicesOf(services, name ?? "");

        parts.CredentialsStore.Should().BeSameAs(store);
        parts.TokenEndpointClient.Should().BeSameAs(client);
        parts.TokenErrorClassifier.Should().BeOfType<SilentClassifier>();
        parts.TimeProvider.Should().BeSameAs(time);
        parts.LoggerFactory.Should().NotBeNull();
        parts.MeterFactory.Should().NotBeNull();
        services.Invoking(s => s.GetRequiredService<CoordinatedTokenProvider>()).Should().NotThrow("neither path nor endpoint is needed");
    }

    [Fact]
    public void A_login_does_not_take_the_parts_of_another()
    {
        using var store = new UnusedStore();
        using var services = Containers.Build(s =>
        {
            s.AddTokenRefresh("own", SomeOptions.MakeValid).UseStore(store);
            s.AddTokenRefresh("file", SomeOptions.MakeValid);
            s.AddTokenRefresh(SomeOptions.MakeValid);
        });

        ProviderFactory.ServicesOf(services, "own").CredentialsStore.Should().BeSameAs(store);
        ProviderFactory.ServicesOf(services, "file").CredentialsStore.Should().BeNull();
        ProviderFactory.ServicesOf(services, "").CredentialsStore.Should().BeNull();
    }

    [Fact]
    public void A_store_is_disposed_by_its_maker()
    {
        using var mine = new UnusedStore();
        UnusedStore? theirs = null;
        var services = Containers.Build(s =>
        {
            s.AddTokenRefresh("mine", SomeOptions.MakeValid).UseStore(mine);
            s.AddTokenRefresh("theirs", SomeOptions.MakeValid).UseStore(_ => theirs = new UnusedStore());
        });
        services.GetRequiredKeyedService<ITokenProvider>("mine");
        services.GetRequiredKeyedService<ITokenProvider>("theirs");

        services.Dispose();

        mine.Disposals.Should().Be(0);
        theirs!.Disposals.Should().Be(1);
    }

    private sealed class SilentClassifier : ITokenErrorClassifier
    {
        public TokenEndpointOutcome? Classify(TokenErrorResponse error) => null;
    }
}
