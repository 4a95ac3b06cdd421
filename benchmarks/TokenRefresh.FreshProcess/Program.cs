using TokenRefresh.FreshProcess;

// Nothing but what is measured: what this program compiles and loads for itself is in every figure.
switch (args)
{
    case ["first-expiry", { } scheme, { } path, { } tokenEndpoint, { } resource, { } callers, { } before]:
        return await FirstExpiry.RunAsync(scheme, path, new Uri(tokenEndpoint), new Uri(resource), callers, before);
    case ["cold-start", { } reader, { } path]:
        return await ColdStart.RunAsync(reader, path);
    default:
        Console.Error.WriteLine("Started by the benchmarks only.");
        return 2;
}
