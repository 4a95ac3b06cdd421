using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace TokenRefresh.Hosting;

/// <summary>Runs a keeper while the host runs. A failure that is none of the login's never ends the host.</summary>
internal sealed class KeepFreshService(CoordinatedTokenProvider tokens, TimeSpan margin, ILogger logger, TimeProvider time)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var keeper = new FreshKeeper(tokens, margin, logger, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await keeper.RunAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                // Of a store or token endpoint client of the program's own.
                HostingLog.KeeperFailed(logger, Pause, e);
                await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
