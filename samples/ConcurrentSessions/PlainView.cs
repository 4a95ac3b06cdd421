namespace ConcurrentSessions;

/// <summary>Shows a half as a line whenever the books change, for logs and pipes.</summary>
internal static class PlainView
{
    public static async Task<HalfState> RunAsync(Load load, ProviderKind provider, CancellationToken cancellationToken)
    {
        var last = "";
        return await Half.RunAsync(load, provider, Show, cancellationToken);

        void Show(HalfState state)
        {
            var line = Words.Books(state);
            if (line != last)
            {
                Console.WriteLine($"  {line}");
                last = line;
            }
        }
    }
}
