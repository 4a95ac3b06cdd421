namespace TokenRefresh;

/// <summary>How a credentials file writes times.</summary>
public enum CredentialsTimeUnit
{
    /// <summary>Seconds from 1970-01-01T00:00:00Z.</summary>
    Seconds,

    /// <summary>Milliseconds from 1970-01-01T00:00:00Z.</summary>
    Milliseconds,

    /// <summary>A text as ISO 8601 has it, in UTC and whole seconds: <c>2026-08-24T23:16:22Z</c>.</summary>
    Iso8601,
}
