using System.Runtime.InteropServices;

namespace TokenRefresh.TestProcess;

/// <summary>
/// Commands that are in the way of others, as foreign programs are: <c>open path= [share=Read,Delete]</c> keeps a file open for reading
/// until <c>close</c>, <c>delete path=</c> tries to delete one, <c>shortname path=</c> tells its short name on Windows.
/// </summary>
internal sealed partial class FileCommands(CommandHost host) : IDisposable
{
    private FileStream? _open;

    public void Register()
    {
        host.Add("open", line =>
        {
            Dispose();
            _open = new FileStream(
                line.Settings["path"],
                FileMode.Open,
                FileAccess.Read,
                Enum.Parse<FileShare>(line.Settings.GetValueOrDefault("share", nameof(FileShare.Read))));
            return Task.FromResult("");
        });
        host.Add("close", _ =>
        {
            Dispose();
            return Task.FromResult("");
        });
        host.Add("delete", line =>
        {
            File.Delete(line.Settings["path"]);
            return Task.FromResult("");
        });
        host.Add("shortname", line => Task.FromResult(ShortName(line.Settings["path"])));
    }

    private static string ShortName(string path)
    {
        char[] name = new char[512];
        uint length = GetShortPathName(path, name, (uint)name.Length);
        return Uri.EscapeDataString(new string(name, 0, (int)length));
    }

    [LibraryImport("kernel32", EntryPoint = "GetShortPathNameW", StringMarshalling = StringMarshalling.Utf16)]
    private static partial uint GetShortPathName(string path, [Out] char[] name, uint size);

    public void Dispose()
    {
        _open?.Dispose();
        _open = null;
    }
}
