using System.Diagnostics;
using System.Globalization;
using TokenRefresh.Benchmarks.FreshProcesses;
using TokenRefresh.Benchmarks.Reporting;

namespace TokenRefresh.Benchmarks;

/// <summary>
/// From the start of a process, with a valid token on disk, to that token: what a command-line program pays at each call.
/// </summary>
internal sealed class ColdStartBenchmarks : IQuestion
{
    public async Task<Answer> AskAsync(Effort effort)
    {
        int rounds = effort == Effort.Whole ? 25 : 5;
        using var directory = new WorkDirectory();
        string path = Path.Combine(directory.Path, ".credentials.json");
        var login = new OAuthCredentials("access-token", "refresh-token", TimeProvider.System.GetUtcNow().AddHours(8));
        await File.WriteAllBytesAsync(path, SampleCredentials.Write(login));

        var bare = new Row("reads nothing", "nothing", FreshPrograms.Default);
        var own = new Row("TokenRefresh", "TokenRefresh", FreshPrograms.Default);
        List<Row> rows = [bare, new("reads the file by hand", "hand", FreshPrograms.Default), own];
        var skipped = new List<(string Name, string Reason)>();
        void AddIfPublished(string name, (FreshProgram? Program, string Reason) published)
        {
            if (published.Program is { } program)
            {
                rows.Add(new Row(name, "TokenRefresh", program));
            }
            else
            {
                skipped.Add((name, published.Reason));
            }
        }

        AddIfPublished("TokenRefresh, its assembly precompiled", await FreshPrograms.PublishPrecompiledLibraryAsync());
        AddIfPublished("TokenRefresh, whole program precompiled", await FreshPrograms.PublishReadyToRunAsync());
        AddIfPublished("TokenRefresh, native AOT", await FreshPrograms.PublishNativeAsync());
        if (effort == Effort.Whole)
        {
            rows.Add(new Row("MSAL: AcquireTokenSilent, cache file", "MSAL", FreshPrograms.Default));
        }

        Dictionary<Row, List<Start>> measured = await MeasureAsync(rows, path, rounds);
        var table = new Table(
            "a process that",
            "to its token, ms",
            "from its first line, ms",
            "whole process, ms",
            "over the JIT build",
            "more than reading nothing, ms");
        double Whole(Row row) => measured[row].Select(start => start.Whole).Median();
        foreach (Row row in rows)
        {
            table.Add(
                row.Name,
                Figure.Of(measured[row].Select(start => start.ToToken).Median()),
                Figure.Of(measured[row].Select(start => start.FromFirstLine).Median()),
                Figure.Of(Whole(row)),
                row.Reader == own.Reader ? Figure.Ratio(Whole(row), Whole(own)) : "",
                Figure.Of(Whole(row) - Whole(bare)));
        }

        foreach ((string name, string reason) in skipped)
        {
            table.Add(name, $"skipped: {reason}", "", "", "", "");
        }

        return new Answer(
            "Cold start",
            $"A process is started with a valid token on disk, gets that token, and ends. {rounds} starts each, taken in turn, after 2 "
            + "uncounted ones; medians. Precompiled is ReadyToRun; the framework is precompiled in all rows. The JIT build is the row "
            + "'TokenRefresh'.",
            [("", table.ToString())],
            [new("start to end of a process that reads a token, over reading by hand", 1.5, Whole(own) / Whole(rows[1]), "×")]);
    }

    // In turn, so that a change of the machine's load meets all of them.
    private static async Task<Dictionary<Row, List<Start>>> MeasureAsync(List<Row> rows, string path, int rounds)
    {
        var measured = rows.ToDictionary(row => row, _ => new List<Start>());
        for (var i = -2; i < rounds; i++)
        {
            foreach (Row row in rows)
            {
                Start start = await StartAsync(row, path);
                if (i >= 0)
                {
                    measured[row].Add(start);
                }
            }
        }

        return measured;
    }

    private static async Task<Start> StartAsync(Row row, string path)
    {
        (string fileName, string[] arguments) = row.Program.ToCommand();
        var command = new ProcessStartInfo(fileName, [.. arguments, "cold-start", row.Reader, path])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        long before = Stopwatch.GetTimestamp();
        using Process child = Process.Start(command)!;
        string[] printed = (await child.StandardOutput.ReadToEndAsync()).Split(' ');
        await child.WaitForExitAsync();
        long ended = Stopwatch.GetTimestamp();
        long started = long.Parse(printed[0], CultureInfo.InvariantCulture);
        long held = long.Parse(printed[1], CultureInfo.InvariantCulture);
        return new Start(Ticks.ToMilliseconds(held - before), Ticks.ToMilliseconds(held - started), Ticks.ToMilliseconds(ended - before));
    }

    private sealed record Row(string Name, string Reader, FreshProgram Program);

    private readonly record struct Start(double ToToken, double FromFirstLine, double Whole);
}
