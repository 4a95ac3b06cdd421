using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Exploration.Machine;

/// <summary>
/// The file store of the product, whose waits are calls of the model: the thread that it parks in a blocking lock, and the watch, would
/// leave the explorer's thread. What a wait for the lock ends with is the product's try again; of changes it hears nothing.
/// </summary>
internal sealed class MachineStore(ICredentialsStore inner, Run run) : StoreDecorator(inner)
{
    public override async ValueTask<ICredentialsLease?> AcquireLeaseAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (timeout > TimeSpan.Zero)
            {
                run.Call("waits for the lock", () => true, static (world, process) => world.Disk.IsLockFree(Disk.LockFile, process.Number));
            }

            ICredentialsLease? lease = await base.AcquireLeaseAsync(TimeSpan.Zero, cancellationToken);
            if (lease is not null || timeout <= TimeSpan.Zero)
            {
                return lease;
            }
        }
    }

    public override Task WaitForChangeAsync(CancellationToken cancellationToken = default) => new TaskCompletionSource().Task;
}
