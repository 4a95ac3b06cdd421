using Spectre.Console;

namespace TokenRefresh.Tool;

/// <summary>Lines for a person: in colour on a terminal, plain and unbroken elsewhere.</summary>
internal sealed class Screen
{
    private const int LabelWidth = 16;
    private readonly IAnsiConsole _console;

    private Screen(IAnsiConsole console) => _console = console;

    internal static Screen Of(ToolHost host)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(host.IsOutputTerminal ? host.Terminal : host.Out),
            Ansi = host.IsOutputTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = InteractionSupport.No,
        });
        if (!host.IsOutputTerminal)
        {
            console.Profile.Width = 10_000;
        }

        return new Screen(console);
    }

    internal void Line(string text, Color colour) => _console.Write(new Text(text + "\n", new Style(colour)));

    internal void Line(string text) => _console.Write(new Text(text + "\n"));

    /// <summary>Writes a label and what belongs to it, which is wrapped beside the label.</summary>
    internal void Row(string label, string text, Color? colour = null, int labelWidth = LabelWidth)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn { Width = labelWidth, NoWrap = true, Padding = new Padding(2, 0, 0, 0) });
        grid.AddColumn(new GridColumn { Padding = new Padding(0) });
        grid.AddRow(new Text(label, colour is { } given ? new Style(given) : Style.Plain), new Text(text));
        _console.Write(grid);
    }
}
