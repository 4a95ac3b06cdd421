using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace TokenRefresh.Hosting;

/// <summary>Tells whether the login works without its user. Reads the store, and sends nothing.</summary>
internal sealed class LoginHealthCheck(CoordinatedTokenProvider tokens) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        TokenRefreshStatus status = await tokens.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        var data = new Dictionary<string, object>(StringComparer.Ordinal) { ["state"] = status.State.ToString() };
        if (status.AccessTokenExpiresAt is { } expiry)
        {
            data["accessTokenExpiresAt"] = expiry;
        }

        if (status.RetryAt is { } retry)
        {
            data["retryAt"] = retry;
        }

        string words = status.Problem ?? $"The login is in the state '{status.State}'.";
        return new HealthCheckResult(
            status.State switch
            {
                TokenRefreshState.SignedIn or TokenRefreshState.ExpiredButRefreshable when status.Problem is null => HealthStatus.Healthy,
                TokenRefreshState.SignedIn or TokenRefreshState.ExpiredButRefreshable or TokenRefreshState.CoolingDown
                    or TokenRefreshState.OutcomeUnknown or TokenRefreshState.AwaitingOwner => HealthStatus.Degraded,
                _ => context.Registration.FailureStatus,
            },
            words,
            data: data);
    }
}
