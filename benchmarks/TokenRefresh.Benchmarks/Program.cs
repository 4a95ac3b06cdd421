using TokenRefresh.Benchmarks;
using TokenRefresh.Benchmarks.Reporting;
using TokenRefresh.Benchmarks.Workers;

if (args is [WorkerProgram.Verb])
{
    return await WorkerProgram.RunAsync();
}

if (BenchmarkCommand.Parse(args) is not { } command)
{
    Console.Error.WriteLine(BenchmarkCommand.Usage);
    return 2;
}

// What users meet first comes first, in the summary too.
bool isAll = command.Effort != Effort.Figures;
IQuestion[] own =
[
    new FirstExpiryBenchmarks(),
    .. isAll ? (IQuestion[])[new ColdStartBenchmarks()] : [],
    new ProcessContentionBenchmarks(),
    new CriticalSectionBenchmarks(),
    .. isAll
        ? (IQuestion[])
        [
            new LockTurnsBenchmarks(),
            new InProcessContentionBenchmarks(),
            new StoresBenchmarks(),
            new ManyLoginsBenchmarks(),
            new ScaleBenchmarks(),
        ]
        : [],
];
Type[] hosted = isAll ? [typeof(HotPathBenchmarks), typeof(HandlerBenchmarks)] : [];
var results = new Results(command.Results, isSummaryOnly: !isAll);
foreach (IQuestion question in own.Where(question => command.Concerns(question.GetType())))
{
    results.Add(question.GetType().Name, await question.AskAsync(command.Effort));
}

foreach ((Type type, Answer answer) in HostedBenchmarks.Run(hosted, command.Filter, isQuick: command.Effort == Effort.Quick))
{
    results.Add(type.Name, answer);
}

results.Summarize(isWhole: command.IsEverything);
return 0;
