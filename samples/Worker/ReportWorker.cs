using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TokenRefresh;

namespace Worker;

/// <summary>Reads the reports, then stops the program.</summary>
internal sealed partial class ReportWorker(
    ReportClient client, HealthCheckService health, ReportPlan plan, IHostApplicationLifetime lifetime, ILogger<ReportWorker> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            for (int number = 1; number <= plan.Reports; number++)
            {
                ReportRead(number, await client.ReadAsync(number, stoppingToken));
                plan.AfterEach(number);
            }

            HealthReport report = await health.CheckHealthAsync(stoppingToken);
            HealthChecked(report.Status);
            Environment.ExitCode = report.Status == HealthStatus.Healthy ? 0 : 1;
        }
        catch (TokenRefreshException e)
        {
            // A service would wait and try again where IsTransient says so; what is left needs its operator.
            NoToken(e.Message, e.IsTransient);
            Environment.ExitCode = 1;
        }

        lifetime.StopApplication();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Report {Number}: the API answered {Status}.")]
    private partial void ReportRead(int number, int status);

    [LoggerMessage(Level = LogLevel.Information, Message = "The login is {Status}.")]
    private partial void HealthChecked(HealthStatus status);

    [LoggerMessage(Level = LogLevel.Error, Message = "No token: {Reason} Transient: {IsTransient}.")]
    private partial void NoToken(string reason, bool isTransient);
}
