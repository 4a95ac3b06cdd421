using System.Globalization;
using Spectre.Console;

namespace ConcurrentSessions;

/// <summary>Shows a half as a table that changes while it runs.</summary>
internal static class LiveView
{
    public static Task<HalfState> RunAsync(Load load, ProviderKind provider, CancellationToken cancellationToken) =>
        AnsiConsole.Live(new Text("starting the sessions ...")).StartAsync(context =>
            Half.RunAsync(load, provider, state => context.UpdateTarget(Table(state)), cancellationToken));

    private static Table Table(HalfState state)
    {
        var table = new Table().RoundedBorder()
            .AddColumn("Session")
            .AddColumn(new TableColumn("Requests served").RightAligned())
            .AddColumn(new TableColumn("Failed").RightAligned())
            .AddColumn("State");
        table.Caption(Markup.Escape(Words.Books(state)));
        foreach (var session in state.Sessions)
        {
            table.AddRow(
                $"process {session.ProcessId.ToString(CultureInfo.InvariantCulture)}",
                session.Report.Served.ToString(CultureInfo.InvariantCulture),
                session.Report.Failed.ToString(CultureInfo.InvariantCulture),
                session.HasFailed ? "[red]ended early[/]" : session.Report.IsLoggedOut ? "[red]logged out[/]" : "[green]signed in[/]");
        }

        return table;
    }
}
