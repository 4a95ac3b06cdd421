namespace TokenRefresh.TestKit;

/// <summary>A child process replied with an error, ended, or did not reply in time. The message holds what it printed.</summary>
public sealed class ChildProcessException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ChildProcessException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">The message.</param>
    public ChildProcessException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause.</param>
    public ChildProcessException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
