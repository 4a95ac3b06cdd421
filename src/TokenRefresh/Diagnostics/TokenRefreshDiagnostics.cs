namespace TokenRefresh;

/// <summary>
/// The names under which OpenTelemetry and others subscribe to this library's metrics and traces. Both are part of the public contract.
/// </summary>
/// <example><c>metrics.AddMeter(TokenRefreshDiagnostics.MeterName);
/// tracing.AddSource(TokenRefreshDiagnostics.ActivitySourceName);</c></example>
public static class TokenRefreshDiagnostics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "TokenRefresh";

    /// <summary>The name of the activity source.</summary>
    public const string ActivitySourceName = "TokenRefresh";
}
