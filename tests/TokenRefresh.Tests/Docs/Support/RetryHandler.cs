namespace TokenRefresh.Tests.Docs;

/// <summary>A handler of the reader's own, in an example.</summary>
internal sealed class RetryHandler : DelegatingHandler;
