using TokenRefresh.Tool;

return await CommandLine.RunAsync(args, ToolHost.OfProcess).ConfigureAwait(false);
