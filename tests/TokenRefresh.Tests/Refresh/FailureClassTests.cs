using System.Text;
using FluentAssertions;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;

namespace TokenRefresh.Tests.Refresh;

public sealed class FailureClassTests
{
    private readonly ManualTimeProvider _time = new();

    public static TheoryData<string> Names => [.. FailureClass.All.Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    [FailureMode("F12", "F14", "F90")]
    public async Task A_failure_has_its_type_and_leaves_the_file_byte_for_byte(string name)
    {
        FailureClass row = FailureClass.All.Single(f => f.Name == name);
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _time });
        byte[] before = await StoreAsync(login, row);
        using HttpMessageInvoker? dead = row.NeverSent is { } error ? new(new UnreachableHandler(error)) : null;
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _time, HttpMessageInvoker = dead });
        login.Server.DefaultTokenBehavior = row.Behavior ?? TokenEndpointBehavior.Normal;

        DateTimeOffset start = _time.GetUtcNow();

        Exception failure = await FailAsync(login, provider, row);

        failure.Should().BeOfType(row.Exception);
        failure.As<TokenRefreshException>().IsTransient.Should().Be(row.IsTransient);
        foreach (string named in row.Names)
        {
            failure.Message.Should().Contain(
                    named.Replace(FailureClass.ThePath, login.Path, StringComparison.Ordinal)
                        .Replace(FailureClass.TheEndpoint, login.Server.TokenUri.AbsoluteUri, StringComparison.Ordinal));
        }

        failure.ToString().Should().NotContain(login.Login.RefreshToken).And.NotContain(login.Login.AccessToken);
        (await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken)).Should().Equal(before);
        Directory.EnumerateFiles(login.Directory.Path, "*.tmp").Should().BeEmpty("the temp file is removed");
        if (row.Stored is not null || row.NeverSent is not null)
        {
            login.Server.Books.TokenRequests.Should().Be(0);
        }

        if (failure is TokenEndpointUnavailableException unavailable)
        {
            unavailable.RetryAt.Should().BeOnOrAfter(start + row.RetryAfter!.Value)
                .And.BeOnOrBefore(_time.GetUtcNow() + TimeSpan.FromMinutes(10));
        }
    }

    [Theory]
    [InlineData("429")]
    [InlineData("500")]
    [InlineData("time-out")]
    [InlineData("invalid_client")]
    [InlineData("invalid_grant")]
    [FailureMode("F12")]
    public async Task After_a_failure_another_login_in_the_file_is_used_at_once(string name)
    {
        FailureClass row = FailureClass.All.Single(f => f.Name == name);
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync(new() { TimeProvider = _time });
        CoordinatedTokenProvider provider = login.CreateProvider(services: new() { TimeProvider = _time });
        login.Server.DefaultTokenBehavior = row.Behavior ?? TokenEndpointBehavior.Normal;
        await FailAsync(login, provider, row);

        login.Store(login.Server.IssueLogin());
        AccessToken token = await provider.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        token.Value.Should().Be(login.Login.AccessToken);
    }

    private static async Task<byte[]> StoreAsync(SharedLogin login, FailureClass row)
    {
        if (row.Stored is not null)
        {
            await File.WriteAllTextAsync(login.Path, row.Stored, new UTF8Encoding(false), TestContext.Current.CancellationToken);
        }

        return await File.ReadAllBytesAsync(login.Path, TestContext.Current.CancellationToken);
    }

    // The clock moves only where the product waits for it: between tries that were never sent, between reads of a broken file, and for an
    // answer that does not come.
    private async Task<Exception> FailAsync(SharedLogin login, CoordinatedTokenProvider provider, FailureClass row)
    {
        ParkedRequest? parked = row.IsTimeout ? login.Server.ParkNextTokenRequest(behavior: TokenEndpointBehavior.AnswerWith(500)) : null;
        Task<AccessToken> call = provider.GetAccessTokenAsync(TestContext.Current.CancellationToken).AsTask();
        if (parked is not null)
        {
            await parked.Arrived;
            login.Server.DefaultTokenBehavior = TokenEndpointBehavior.DropBeforeProcessing;
            _time.Advance(TimeSpan.FromSeconds(15));
            await _time.WaitForTimerDueInAsync(TimeSpan.FromSeconds(2));
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        if (row.NeverSent is not null || row.Stored is not null)
        {
            await _time.AdvanceThroughShortPausesAsync(call.ContinueWith(_ => { }, TaskScheduler.Default), TimeSpan.FromSeconds(3));
        }

        parked?.Dispose();
        return await Assert.ThrowsAnyAsync<Exception>(() => call);
    }

    private sealed class UnreachableHandler(HttpRequestError error) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new HttpRequestException(error, "The endpoint is not there.");
    }
}
