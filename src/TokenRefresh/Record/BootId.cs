namespace TokenRefresh.Record;

/// <summary>Tells one boot of the machine from another: a note of a process in an earlier boot is of nobody who lives.</summary>
internal static class BootId
{
    internal static Guid Current { get; } = Read();

    private static Guid Read()
    {
        try
        {
            return OperatingSystem.IsLinux() && Guid.TryParse(File.ReadAllText("/proc/sys/kernel/random/boot_id"), out Guid id) ? id : Guid.Empty;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Guid.Empty;
        }
    }
}
