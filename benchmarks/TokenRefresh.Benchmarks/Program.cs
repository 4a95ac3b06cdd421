using TokenRefresh.Benchmarks;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Benchmarks.Workers;

switch (args)
{
    case [WorkerProgram.Verb]:
        return await WorkerProgram.RunAsync();
    case [ColdStartBenchmarks.Verb, { } who, { } path]:
        return await ColdStartBenchmarks.RunChildAsync(who, path);
}

if (BenchmarkCommand.Parse(args) is not { } command)
{
    Console.Error.WriteLine(BenchmarkCommand.Usage);
    return 2;
}

Type[] hosted = [typeof(HotPathBenchmarks), typeof(HandlerBenchmarks), typeof(CriticalSectionBenchmarks)];
IQuestion[] own = [new InProcessContentionBenchmarks(), new ProcessContentionBenchmarks(), new LockTurnsBenchmarks(), new ColdStartBenchmarks()];
var results = new Results(command.Results);
foreach ((Type type, Answer answer) in HostedBenchmarks.Run(hosted, command.Filter, command.IsQuick))
{
    results.Add(type.Name, answer);
}

foreach (IQuestion question in own.Where(question => command.Concerns(question.GetType())))
{
    results.Add(question.GetType().Name, await question.AskAsync(command.IsQuick));
}

results.Summarize(isWhole: command.IsEverything);
return 0;
