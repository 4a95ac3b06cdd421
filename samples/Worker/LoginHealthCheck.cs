using Microsoft.Extensions.Diagnostics.HealthChecks;
using TokenRefresh;

namespace Worker;

/// <summary>Healthy while the login works without its user; reads the file, and sends nothing.</summary>
internal sealed class LoginHealthCheck(CoordinatedTokenProvider tokens) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        TokenRefreshStatus status = await tokens.GetStatusAsync(cancellationToken);
        string words = status.Problem ?? $"{status.State}, access token until {status.AccessTokenExpiresAt:O}";
        return status.State switch
        {
            TokenRefreshState.SignedIn or TokenRefreshState.ExpiredButRefreshable => HealthCheckResult.Healthy(words),
            TokenRefreshState.CoolingDown or TokenRefreshState.OutcomeUnknown => HealthCheckResult.Degraded(words),
            _ => HealthCheckResult.Unhealthy(words),
        };
    }
}
