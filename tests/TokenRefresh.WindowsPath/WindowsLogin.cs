using System.Diagnostics;
using System.Globalization;
using TokenRefresh.TestKit;

namespace TokenRefresh.WindowsPath;

/// <summary>One login in a file of a directory of its own, as both sides see it.</summary>
internal sealed class WindowsLogin : IDisposable
{
    private static int _count;

    private readonly LoopbackAuthorizationServer _server;
    private readonly TempDirectory _directory = new();
    private readonly int _booksBefore;
    private string _refreshToken = "";

    /// <summary>Stores a login whose access token is expired.</summary>
    public WindowsLogin(LoopbackAuthorizationServer server)
    {
        _server = server;
        _booksBefore = server.Books.TokenRequests;
        Name = string.Create(CultureInfo.InvariantCulture, $"login{++_count}");
        Store(server.IssueLogin(TimeSpan.FromMinutes(-1)));
    }

    /// <summary>Gets the name that the children's providers of this login have.</summary>
    public string Name { get; }

    public string Path => System.IO.Path.Combine(_directory.Path, ".credentials.json");

    public string LockPath => Path + ".tokenrefresh.lock";

    public string WindowsPath => ToWindows(Path);

    public string WindowsLockPath => ToWindows(LockPath);

    public int TokenRequests => _server.Books.TokenRequests - _booksBefore;

    public string[] TempFiles => Directory.GetFiles(_directory.Path, "*.tokenrefresh.tmp");

    /// <summary>Gets the file's text; empty if there is none, as in the middle of a replacement.</summary>
    // By whatever case the last save gave it: that is another name here, and none on Windows.
    public string Text =>
        Directory.GetFiles(_directory.Path).FirstOrDefault(file => file.Equals(Path, StringComparison.OrdinalIgnoreCase)) is { } file
            ? ReadOrEmpty(file)
            : "";

    /// <summary>Gets whether the file holds another refresh token than the one this login was stored with.</summary>
    public bool IsSaved => Text is { Length: > 0 } text && !text.Contains(_refreshToken, StringComparison.Ordinal);

    /// <summary>A path as the Windows side spells it.</summary>
    public static string ToWindows(string path) => $"Z:{path.Replace('/', '\\')}";

    public string Create(string settings = "", Uri? endpoint = null, string? path = null) =>
        $"create name={Name} path={Uri.EscapeDataString(path ?? WindowsPath)} "
            + $"endpoint={Uri.EscapeDataString((endpoint ?? _server.TokenUri).ToString())} client=windows {settings}".TrimEnd();

    public string Get(int count = 1) => string.Create(CultureInfo.InvariantCulture, $"get {count} name={Name}");

    public void CreateLockFile() => File.WriteAllBytes(LockPath, []);

    /// <summary>Creates what an interrupted save of a process with this id leaves behind, and returns its path.</summary>
    public string CreateLeftOver(int processId)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"{Path}.{processId}.{Guid.NewGuid():N}.tokenrefresh.tmp");
        File.WriteAllText(path, "{}");
        return path;
    }

    /// <summary>Gives the file a second name, and returns that.</summary>
    public string CreateHardLink()
    {
        string link = System.IO.Path.Combine(_directory.Path, "other-name");
        using Process ln = Process.Start("ln", [Path, link]);
        ln.WaitForExit();
        return link;
    }

    /// <summary>Replaces the file by a rename, as a sign-in elsewhere does.</summary>
    public void Store(IssuedLogin login)
    {
        File.WriteAllText(Path + ".new", Json(login));
        File.Move(Path + ".new", Path, overwrite: true);
    }

    /// <summary>Writes over the file, as a program does that knows no better.</summary>
    public void Overwrite(IssuedLogin login) => File.WriteAllText(Path, Json(login));

    private string Json(IssuedLogin login)
    {
        _refreshToken = login.RefreshToken;
        string expiresAt = login.Credentials.ExpiresAt!.Value.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        string tokens = $"\"accessToken\":\"{login.AccessToken}\",\"refreshToken\":\"{login.RefreshToken}\",\"expiresAt\":{expiresAt}";
        return $"{{\"claudeAiOauth\":{{{tokens}}},\"kept\":1787613382524.616}}";
    }

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (FileNotFoundException)
        {
            return "";
        }
    }

    public void Dispose() => _directory.Dispose();
}
