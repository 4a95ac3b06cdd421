using System.Globalization;
using System.Text;

namespace TokenRefresh.Benchmarks.Reporting;

/// <summary>A table of GitHub's Markdown, padded so that it can be read as it stands.</summary>
internal sealed class Table(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    internal void Add(params string[] cells)
    {
        if (cells.Length != headings.Length)
        {
            throw new ArgumentException($"The table has {headings.Length} columns.", nameof(cells));
        }

        _rows.Add(cells);
    }

    public override string ToString()
    {
        int[] widths =
            [.. Enumerable.Range(0, headings.Length).Select(column => Math.Max(3, _rows.Append(headings).Max(row => row[column].Length)))];
        bool[] areNumbers =
            [.. Enumerable.Range(0, headings.Length).Select(column => column > 0 && _rows.TrueForAll(row => IsNumber(row[column])))];
        var text = new StringBuilder();
        Append(text, headings, widths, areNumbers);
        IEnumerable<string> rules = widths.Select((width, column) => new string('-', width + 1) + (areNumbers[column] ? ':' : '-'));
        text.AppendLine(CultureInfo.InvariantCulture, $"|{string.Join('|', rules)}|");
        foreach (string[] row in _rows)
        {
            Append(text, row, widths, areNumbers);
        }

        return text.ToString();
    }

    private static bool IsNumber(string cell) => cell is "" or "-" || char.IsAsciiDigit(cell.TrimStart('-')[0]);

    private static void Append(StringBuilder text, string[] cells, int[] widths, bool[] areNumbers)
    {
        IEnumerable<string> padded = cells.Select((cell, column) =>
            areNumbers[column] ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
        text.AppendLine(CultureInfo.InvariantCulture, $"| {string.Join(" | ", padded)} |");
    }
}
