namespace TokenRefresh.Tests.Exploration;

/// <summary>Runs walks on a thread of their own: no context, and a stack on which every continuation of the product runs inside the step that caused it.</summary>
internal static class Exploring
{
    private const int StackSize = 64 * 1024 * 1024;

    internal static Task<T> RunAsync<T>(Func<T> walk)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(
            () =>
            {
                try
                {
                    done.SetResult(walk());
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }
            },
            StackSize)
        { IsBackground = true, Name = nameof(Explorer) };
        thread.Start();
        return done.Task;
    }
}
