using TokenRefresh.Benchmarks.Workers;

if (args is [WorkerProgram.Verb])
{
    return await WorkerProgram.RunAsync();
}
foreach (var q in new TokenRefresh.Benchmarks.Reporting.IQuestion[] { new TokenRefresh.Benchmarks.ProcessContentionBenchmarks(), new TokenRefresh.Benchmarks.LockTurnsBenchmarks() })
{
    var a = await q.AskAsync(true);
    Console.WriteLine(a.Setting);
    foreach (var t in a.Tables) Console.WriteLine(t.Table);
    foreach (var t in a.Targets) Console.WriteLine($"{t.What}: {t.Measured} of {t.Limit} {t.Verdict}");
}
return 0;
