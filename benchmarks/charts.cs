#:property PublishAot=false
// Draws benchmarks/*.svg, and writes the summary in the README, from the tables in benchmarks/results: dotnet run benchmarks/charts.cs
// The same tables give the same bytes, so that a chart that does not belong to its table shows in a diff.
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

string root = Path.GetDirectoryName(ThisFile())!;
string results = Path.Combine(root, "results");

Draw("FirstExpiryBenchmarks", "first-expiry", rows => Lines(
    "Fresh processes meet their first expiry, 4 callers each",
    "processes", "milliseconds until the last caller is served; both axes logarithmic",
    Series(rows, x: 1, y: 2)));
Draw("FirstExpiryBenchmarks", "first-expiry-cpu", rows => Bars(
    "What the first expiry costs 8 fresh processes",
    "milliseconds of processor time of all of them, logarithmic; shorter is better",
    [.. rows.Where(row => row[1] == "8").Select(row => (row[0], Number(row[4])))],
    "ms"));
Draw("ColdStartBenchmarks", "cold-start", rows => Bars(
    "A process that starts, gets its token from the file, and ends",
    "milliseconds, logarithmic; shorter is better",
    [.. rows.Where(row => IsNumber(row[3])).Select(row => (row[0], Number(row[3])))],
    "ms"));
Draw("HotPathBenchmarks", "hot-path", rows => Bars(
    "One call that finds a valid token",
    "nanoseconds, logarithmic; shorter is better",
    [.. rows.Where(row => !row[0].Contains("awaited", StringComparison.Ordinal)).Select(row => (row[0], Nanoseconds(row[1])))],
    "ns"));
Draw("InProcessContentionBenchmarks", "in-process-contention", rows => Lines(
    "Callers of one process meet an expired token",
    "callers", "milliseconds over the exchange until the last one has the token; both axes logarithmic",
    Series(rows, x: 1, y: 2)));
Draw("ProcessContentionBenchmarks", "process-contention", rows => Lines(
    "Processes wait for a token that one of them refreshes",
    "waiting processes", "milliseconds from the save until the last one has the token; both axes logarithmic",
    Series(rows, x: 1, y: 3)));
Draw("LockTurnsBenchmarks", "lock-turns", rows => Bars(
    "64 processes need the lock for 1 ms each",
    "milliseconds until all have had it, logarithmic; 64 is the least possible",
    [("least possible", 64), .. rows.Where(row => row[1] == "64" && IsNumber(row[2])).Select(row => (row[0], Number(row[2])))],
    "ms"));
Draw("ScaleBenchmarks", "scale", rows => Lines(
    "Machines that wake at once share one login (simulated)",
    "machines", "milliseconds from the answer of the token endpoint until all are served; both axes logarithmic",
    Series(rows, x: 1, y: 3)));
Summarize(Path.Combine(root, "..", "README.md"));
return 0;

static string ThisFile([CallerFilePath] string path = "") => path;

void Draw(string table, string chart, Func<List<string[]>, string> draw)
{
    string source = Path.Combine(results, $"{table}.md");
    if (!File.Exists(source))
    {
        Console.Error.WriteLine($"{source} is missing; {chart}.svg stays as it is.");
        return;
    }

    // The first table only: those below it have other columns or the same rows under other conditions.
    List<string[]> rows = [.. File.ReadLines(source)
        .SkipWhile(line => !line.StartsWith('|')).TakeWhile(line => line.StartsWith('|')).Skip(2)
        .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray())];
    string target = Path.Combine(root, $"{chart}.svg");
    File.WriteAllText(target, draw(rows));
    Console.WriteLine(target);
}

void Summarize(string readme)
{
    const string Begin = "<!-- summary: written by benchmarks/charts.cs from benchmarks/results -->\n";
    const string End = "<!-- end of summary -->\n";
    string text = File.ReadAllText(readme);
    int begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
    int end = text.IndexOf(End, StringComparison.Ordinal);
    string[] shown =
    [
        "figure", "---", "token requests of a first expiry", "first expiry, 8 processes: all served, over CrossPlatLock by hand",
        "first expiry, 8 processes: CPU of all, over CrossPlatLock by hand", "start to end of a process that reads a token",
        "last of 64 warm waiters, over a bare watch", "leader killed: all of 64 waiters served", "10,000 callers served after the exchange",
        "GetAccessTokenAsync over the floor of ticks", "bytes of GetAccessTokenAsync",
    ];
    string table = string.Concat(
        File.ReadLines(Path.Combine(results, "Summary.md"))
            .Where(line => line.StartsWith('|') && shown.Any(line.TrimStart('|', ' ').StartsWith))
            .Select(line => line + "\n"));
    File.WriteAllText(readme, $"{text[..begin]}\n{table}\n{text[end..]}");
    Console.WriteLine(Path.GetFullPath(readme));
}

static bool IsNumber(string cell) => double.TryParse(cell, NumberStyles.Number, CultureInfo.InvariantCulture, out _);

static double Number(string cell) => double.Parse(cell, NumberStyles.Number, CultureInfo.InvariantCulture);

static double Nanoseconds(string cell)
{
    string[] parts = cell.Split(' ');
    return Number(parts[0]) * (parts[1] switch { "ns" => 1, "ms" => 1e6, "s" => 1e9, _ => 1e3 });
}

static List<(string Name, List<(double X, double Y)> Points)> Series(List<string[]> rows, int x, int y) =>
    [.. rows.Where(row => IsNumber(row[x]) && IsNumber(row[y]))
        .GroupBy(row => row[0], StringComparer.Ordinal)
        .Where(group => group.Count() > 1)
        .Select(group => (group.Key, group.Select(row => (Number(row[x]), Math.Max(Number(row[y]), 0.01))).ToList()))];

static string Text(double value) => Math.Abs(value) switch
{
    >= 100 => value.ToString("#,##0", CultureInfo.InvariantCulture),
    >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
    _ => value.ToString("0.##", CultureInfo.InvariantCulture),
};

static string At(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

static StringBuilder Begin(int width, int height, string title, string subtitle)
{
    // A picture in a README cannot know the page's colours, only those its reader has chosen.
    var svg = new StringBuilder();
    svg.Append(CultureInfo.InvariantCulture, $$"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{width}} {{height}}" width="{{width}}" height="{{height}}" role="img"
          aria-label="{{Escape(title)}}: {{Escape(subtitle)}}"
          font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="13">
        <style>
          .page { fill: #ffffff } .text { fill: #1f2328 } .quiet { fill: #59636e } .grid { stroke: #d1d9e0 }
          .own { fill: #0a66d0; stroke: #0a66d0 } .other { fill: #8b949e; stroke: #8b949e }
          .c1 { fill: #bc4c00; stroke: #bc4c00 } .c2 { fill: #8250df; stroke: #8250df } .c3 { fill: #1a7f37; stroke: #1a7f37 }
          .c4 { fill: #9a6700; stroke: #9a6700 } .c5 { fill: #cf222e; stroke: #cf222e }
          .name { stroke: none } .line { fill: none; stroke-width: 2 } .line.own { stroke-width: 3.5 }
          @media (prefers-color-scheme: dark) {
            .page { fill: #0d1117 } .text { fill: #f0f6fc } .quiet { fill: #9198a1 } .grid { stroke: #3d444d }
            .own { fill: #4493f8; stroke: #4493f8 } .other { fill: #7d8590; stroke: #7d8590 }
            .c1 { fill: #f0883e; stroke: #f0883e } .c2 { fill: #ab7df8; stroke: #ab7df8 } .c3 { fill: #3fb950; stroke: #3fb950 }
            .c4 { fill: #d29922; stroke: #d29922 } .c5 { fill: #f85149; stroke: #f85149 }
            .line { fill: none }
          }
          .line { fill: none !important } .name { stroke: none !important }
        </style>
        <rect class="page" width="{{width}}" height="{{height}}" rx="6"/>
        <text class="text" x="20" y="28" font-size="17" font-weight="600">{{Escape(title)}}</text>
        <text class="quiet" x="20" y="48">{{Escape(subtitle)}}</text>

        """);
    return svg;
}

static string Bars(string title, string subtitle, List<(string Name, double Value)> bars, string unit)
{
    const int Width = 860, Left = 300, Right = 110, Top = 66, Row = 28;
    double least = bars.Min(bar => bar.Value);
    double most = bars.Max(bar => bar.Value);
    double from = Math.Log10(least) - 0.35;
    StringBuilder svg = Begin(Width, Top + bars.Count * Row + 14, title, subtitle);
    for (var i = 0; i < bars.Count; i++)
    {
        (string name, double value) = bars[i];
        double length = (Width - Left - Right) * (Math.Log10(value) - from) / (Math.Log10(most) - from);
        bool isOwn = name.StartsWith("TokenRefresh", StringComparison.Ordinal);
        string weight = isOwn ? " font-weight=\"600\"" : "";
        double y = Top + i * Row;
        svg.Append(CultureInfo.InvariantCulture, $"""
            <text class="text" x="{Left - 10}" y="{At(y + 15)}" text-anchor="end"{weight}>{Escape(name)}</text>
            <rect class="{(isOwn ? "own" : "other")}" x="{Left}" y="{At(y + 1)}" width="{At(length)}" height="19" rx="2"/>
            <text class="text" x="{At(Left + length + 8)}" y="{At(y + 15)}"{weight}>{Text(value)} {unit}</text>

            """);
    }

    return svg.Append("</svg>\n").ToString();
}

static string Lines(string title, string xLabel, string subtitle, List<(string Name, List<(double X, double Y)> Points)> measured)
{
    const int Width = 900, Height = 470, Left = 80, Right = 290, Top = 70, Bottom = 54;

    // A count that only one of them was measured with compares nothing.
    bool IsShared(double x) => measured.Count(other => other.Points.Exists(point => point.X == x)) > 1;
    List<(string Name, List<(double X, double Y)> Points)> series =
        [.. measured.Select(one => (one.Name, one.Points.Where(point => IsShared(point.X)).ToList())).Where(one => one.Item2.Count > 0)];
    double[] xs = [.. series.SelectMany(one => one.Points).Select(point => point.X).Distinct().Order()];
    double low = Math.Pow(10, Math.Floor(Math.Log10(series.SelectMany(one => one.Points).Min(point => point.Y))));
    double high = Math.Pow(10, Math.Ceiling(Math.Log10(series.SelectMany(one => one.Points).Max(point => point.Y))));
    double X(double value) => Left + (Width - Left - Right) * (Math.Log(value) - Math.Log(xs[0])) / (Math.Log(xs[^1]) - Math.Log(xs[0]));
    double Y(double value) =>
        Height - Bottom - (Height - Top - Bottom) * (Math.Log(value) - Math.Log(low)) / (Math.Log(high) - Math.Log(low));

    StringBuilder svg = Begin(Width, Height, title, subtitle);
    for (double tick = low; tick <= high * 1.001; tick *= 10)
    {
        svg.Append(CultureInfo.InvariantCulture, $"""
            <line class="grid" x1="{Left}" x2="{Width - Right}" y1="{At(Y(tick))}" y2="{At(Y(tick))}"/>
            <text class="quiet" x="{Left - 8}" y="{At(Y(tick) + 4)}" text-anchor="end">{Text(tick)} ms</text>

            """);
    }

    foreach (double x in xs)
    {
        svg.Append(
            CultureInfo.InvariantCulture,
            $"""<text class="quiet" x="{At(X(x))}" y="{Height - Bottom + 20}" text-anchor="middle">{Text(x)}</text>{"\n"}""");
    }

    double middle = (Left + Width - Right) / 2.0;
    svg.Append(
        CultureInfo.InvariantCulture,
        $"""<text class="quiet" x="{At(middle)}" y="{Height - 14}" text-anchor="middle">{Escape(xLabel)}</text>{"\n"}""");

    // Names stand beside the ends of their lines, apart by at least a line of text.
    var others = 0;
    string ClassOf(string name) =>
        name == "TokenRefresh" ? "own" : name.StartsWith("floor", StringComparison.Ordinal) ? "other" : $"c{others++ % 5 + 1}";
    var named = series.Select(one => (one.Name, one.Points, Class: ClassOf(one.Name))).ToList();
    double above = double.NegativeInfinity;
    var places = new Dictionary<string, double>(StringComparer.Ordinal);
    foreach (var one in named.OrderBy(one => Y(one.Points[^1].Y)))
    {
        above = Math.Max(Y(one.Points[^1].Y) + 4, above + 16);
        places[one.Name] = above;
    }

    // Ours last, hence on top.
    foreach (var one in named.OrderBy(one => one.Class == "own"))
    {
        string path = string.Join(' ', one.Points.Select(point => $"{At(X(point.X))},{At(Y(point.Y))}"));
        svg.Append(CultureInfo.InvariantCulture, $"""<polyline class="line {one.Class}" points="{path}"/>{"\n"}""");
        foreach ((double x, double y) in one.Points)
        {
            string radius = one.Class == "own" ? "4.5" : "3";
            string centre = $"""cx="{At(X(x))}" cy="{At(Y(y))}" """.TrimEnd();
            svg.Append(CultureInfo.InvariantCulture, $"""<circle class="{one.Class}" {centre} r="{radius}"/>{"\n"}""");
        }

        string weight = one.Class == "own" ? " font-weight=\"600\"" : "";
        string place = $"""x="{Width - Right + 12}" y="{At(places[one.Name])}" """.TrimEnd();
        string name = $"{Escape(one.Name)}: {Text(one.Points[^1].Y)}";
        svg.Append(CultureInfo.InvariantCulture, $"""<text class="name {one.Class}" {place}{weight}>{name}</text>{"\n"}""");
    }

    return svg.Append("</svg>\n").ToString();
}
