using FluentAssertions;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

public sealed class MissingDirectoryTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string Path => System.IO.Path.Combine(_directory.Path, "not", "there", ".credentials.json");

    public void Dispose() => _directory.Dispose();

    [Fact]
    [FailureMode("F25")]
    public async Task Eight_sign_ins_at_once_create_the_missing_directory_and_the_last_one_stays()
    {
        CoordinatedTokenProvider[] providers = [.. Enumerable.Range(0, 8).Select(_ => CreateProvider())];
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task[] signIns = [.. providers.Select((provider, i) => Task.Run(async () =>
        {
            await start.Task;
            await provider.StoreAsync(
                new OAuthCredentials($"access-{i}", $"refresh-{i}", new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        }))];

        start.SetResult();
        await Task.WhenAll(signIns);

        (await CreateProvider().GetAccessTokenAsync()).Value.Should().MatchRegex("^access-[0-7]$");
        if (!OperatingSystem.IsWindows())
        {
            const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            File.GetUnixFileMode(System.IO.Path.GetDirectoryName(Path)!).Should().Be(OwnerOnly);
        }
    }

    [Fact]
    [FailureMode("F25")]
    public async Task A_refresh_where_the_directory_is_missing_asks_for_a_sign_in_and_creates_nothing()
    {
        CoordinatedTokenProvider provider = CreateProvider();

        Func<Task> act = async () => await provider.GetAccessTokenAsync();

        (await act.Should().ThrowAsync<SignInRequiredException>()).Which.Reason.Should().Be(SignInRequiredReason.NothingStored);
        Directory.EnumerateFileSystemEntries(_directory.Path).Should().BeEmpty();
    }

    [Fact]
    [FailureMode("F25")]
    public async Task A_directory_that_cannot_be_created_is_a_typed_error()
    {
        await File.WriteAllTextAsync(System.IO.Path.Combine(_directory.Path, "not"), "a file in the way");
        CoordinatedTokenProvider provider = CreateProvider();

        Func<Task> act = () => provider.StoreAsync(new OAuthCredentials("access", "refresh"));

        (await act.Should().ThrowAsync<CredentialsFileException>()).WithMessage("*'CredentialsPath'*");
    }

    private CoordinatedTokenProvider CreateProvider() => CoordinatedTokenProvider.Create(o =>
    {
        o.CredentialsPath = Path;
        o.TokenEndpoint = new Uri("https://auth.example.com/token");
        o.ClientId = "tests";
    });
}
