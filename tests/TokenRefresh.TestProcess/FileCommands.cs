namespace TokenRefresh.TestProcess;

/// <summary>
/// Commands that are in the way of others, as foreign programs are: <c>open path= [share=Read,Delete]</c> keeps a file open for reading
/// until <c>close</c>, <c>delete path=</c> tries to delete one.
/// </summary>
internal sealed class FileCommands(CommandHost host) : IDisposable
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
    }

    public void Dispose()
    {
        _open?.Dispose();
        _open = null;
    }
}
