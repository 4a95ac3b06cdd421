namespace TokenRefresh.ProcessTests;

/// <summary>A login in a directory that is a small file system of its own, seen by this test's children only.</summary>
internal sealed class MountedLogin : IAsyncDisposable
{
    private const int Page = 4096;

    private MountedLogin(SharedLogin login, PrivateMounts mounts)
    {
        Login = login;
        Mounts = mounts;
    }

    internal SharedLogin Login { get; }

    internal PrivateMounts Mounts { get; }

    internal LoopbackAuthorizationServer Server => Login.Server;

    /// <summary>Gets the path of the credentials file as this process reaches it; children know it by that of the login.</summary>
    internal string View => Mounts.View(Login.Path);

    private string Filler => Mounts.View(Path.Combine(Login.Directory.Path, "filler"));

    /// <summary>Starts with an expired access token, on an empty file system of a megabyte.</summary>
    internal static async Task<MountedLogin> StartExpiredAsync()
    {
        SharedLogin login = await SharedLogin.StartExpiredAsync();
        PrivateMounts mounts = await PrivateMounts.StartAsync();
        await mounts.MountAsync("-t", "tmpfs", "-o", "size=1m", "tokenrefresh", login.Directory.Path);
        var mounted = new MountedLogin(login, mounts);
        mounted.Store(login.Server.IssueLogin(TimeSpan.FromMinutes(-1)).Credentials);
        return mounted;
    }

    internal OAuthCredentials Store(OAuthCredentials credentials) => Login.Store(credentials, View);

    internal Task<byte[]> ReadAsync() => File.ReadAllBytesAsync(View);

    /// <summary>Writes until the disk is full, and gives so much back.</summary>
    internal void Fill(int leave = 0)
    {
        using var filler = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var page = new byte[Page];
        try
        {
            while (true)
            {
                filler.Write(page);
            }
        }
        catch (IOException)
        {
            filler.SetLength(filler.Length - leave);
        }
    }

    internal void MakeRoom() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        await Mounts.DisposeAsync();
        await Login.DisposeAsync();
    }
}
