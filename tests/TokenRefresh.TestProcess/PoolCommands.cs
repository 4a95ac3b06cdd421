namespace TokenRefresh.TestProcess;

/// <summary>
/// Commands that starve the thread pool: <c>block n</c> lets it grow no further and queues n work items that block, <c>unblock</c> lets
/// them go.
/// </summary>
internal sealed class PoolCommands(CommandHost host)
{
    public void Register()
    {
        // Never disposed: an item that begins after the release still asks it.
        var gate = new ManualResetEventSlim();
        host.Add("block", line =>
        {
            ThreadPool.GetMaxThreads(out _, out int ports);
            if (!ThreadPool.SetMaxThreads(Environment.ProcessorCount, ports))
            {
                throw new CommandException("The thread pool takes no such limit.");
            }

            for (int i = 0; i < line.Count(0); i++)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static gate => gate.Wait(), gate, preferLocal: false);
            }

            return Task.FromResult("");
        });
        host.AddImmediate("unblock", gate.Set);
    }
}
