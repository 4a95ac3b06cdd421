namespace TokenRefresh.TestProcess;

/// <summary>A command that makes no sense.</summary>
internal sealed class CommandException(string message) : Exception(message);
