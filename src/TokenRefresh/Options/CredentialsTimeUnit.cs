namespace TokenRefresh;

/// <summary>The unit in which a credentials file counts time from 1970-01-01T00:00:00Z.</summary>
public enum CredentialsTimeUnit
{
    /// <summary>Seconds.</summary>
    Seconds,

    /// <summary>Milliseconds.</summary>
    Milliseconds,
}
