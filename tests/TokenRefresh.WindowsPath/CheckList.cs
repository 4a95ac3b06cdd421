namespace TokenRefresh.WindowsPath;

/// <summary>Prints one line per check and counts them.</summary>
internal sealed class CheckList
{
    public int Passed { get; private set; }

    public int Failed { get; private set; }

    public void Expect(bool holds, string what, string? otherwise = null)
    {
        if (!holds)
        {
            Fail(otherwise is null ? what : $"{what}: {otherwise}");
            return;
        }

        Passed++;
        Console.WriteLine($"ok      {what}");
    }

    public void Fail(string what)
    {
        Failed++;
        Console.WriteLine($"FAILED  {what}");
    }
}
