using System.Globalization;
using System.Text;

namespace TokenRefresh.Tests.Credentials;

/// <summary>Writes documents as many programs might have left them: any layout, order, escapes, duplicates and unknown members.</summary>
internal sealed class RandomDocument
{
    public static readonly CredentialsFileFormat Custom = new()
    {
        Section = "lögin",
        AccessTokenMember = "token",
        RefreshTokenMember = "refresh",
        ExpiresAtMember = "expiry",
        RefreshTokenExpiresAtMember = "refresh expiry",
        ScopesMember = "scope",
        TokenTypeMember = "type",
        AccountIdMember = "account",
        TimeUnit = CredentialsTimeUnit.Seconds,
    };

    private static readonly string[] Numbers = ["0", "-0", "1.50", "1787613382524.616", "1E+2", "-3e-7", "12345678901234567890123"];
    private static readonly string[] Layouts = ["", "", " ", "\n  ", "\n    ", "\n\t", "\r\n  ", "\n"];

    private readonly Random _random;
    private readonly string _gap;
    private readonly string _colon;
    private readonly bool _isChaotic;

    public RandomDocument(int seed)
    {
        _random = new Random(seed);
        Format = Pick(CredentialsFileFormat.ClaudeCode, CredentialsFileFormat.FlatOAuth, Custom);
        _gap = Pick(Layouts);
        _colon = Pick(":", ": ", " : ");
        _isChaotic = Chance(20);
        var start = (Chance(10) ? "\uFEFF" : "") + (Chance(10) ? " \n" : "");
        Text = start + Document() + (Chance(30) ? Pick("\n", "\r\n", "    ", "\n\n") : "");
    }

    public CredentialsFileFormat Format { get; }

    public string Text { get; }

    public byte[] Bytes => Encoding.UTF8.GetBytes(Text);

    /// <summary>Makes another login, which may share parts with the stored one.</summary>
    public OAuthCredentials Next(OAuthCredentials? stored) =>
        new(
            stored is { AccessToken.Length: > 0 } && Chance(20) ? stored.AccessToken : "at-" + Word(),
            Chance(25) ? stored?.RefreshToken : Chance(85) ? "rt-" + Word() : null,
            Chance(15) ? stored?.ExpiresAt : Chance(85) ? Moment() : null)
        {
            RefreshTokenExpiresAt = Chance(40) ? Moment() : null,
            Scopes = Chance(50) ? [.. Enumerable.Range(0, _random.Next(4)).Select(_ => "s:" + _random.Next(5))] : null,
            TokenType = Chance(50) ? Pick("Bearer", "DPoP") : null,
            AccountId = Chance(50) ? stored?.AccountId : Chance(50) ? "account " + Word() : null,
            ContinuesLogin = Chance(50),
        };

    private string Document()
    {
        var foreign = Foreign(2, _random.Next(5));
        if (Format.Section is null)
        {
            return Object([.. Login(), .. foreign], 1);
        }

        if (Chance(90))
        {
            foreign.Add((Format.Section, Chance(4) ? "null" : Object([.. Login(), .. Foreign(3, _random.Next(4))], 2)));
        }

        return Object(foreign, 1);
    }

    private List<(string Name, string Value)> Login()
    {
        var members = new List<(string Name, string Value)>();
        Add(95, Format.AccessTokenMember, () => Chance(8) ? "\"\"" : Quote("at " + Word()));
        Add(85, Format.RefreshTokenMember, () => Chance(8) ? Pick("\"\"", "null") : Quote("rt " + Word()));
        Add(80, Format.ExpiresAtMember, Time);
        Add(50, Format.RefreshTokenExpiresAtMember, () => Chance(20) ? Value(3) : Time());
        Add(50, Format.ScopesMember, () => Chance(20) ? Value(3) : Chance(50) ? Quote("s:1  s:2") : Array(["\"s:1\"", Quote("s:2")], 3));
        Add(50, Format.TokenTypeMember, () => Chance(20) ? Value(3) : Quote(Pick("Bearer", "DPoP")));
        Add(30, Format.AccountIdMember, () => Chance(20) ? Value(3) : Quote("account " + Word()));
        return members;

        void Add(int percent, string? name, Func<string> value)
        {
            for (; name is not null && Chance(percent); percent = 5)
            {
                members.Add((name, value()));
            }
        }
    }

    private List<(string Name, string Value)> Foreign(int depth, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (ForeignName() + (Chance(50) ? Word() : ""), Value(depth)))];

    private string ForeignName() => Pick("x", "x", "mcpOAuth", "expiresat", "ü", "type2", "", "\"");

    private string Value(int depth) => _random.Next(depth > 6 ? 4 : 6) switch
    {
        0 => Pick(Numbers),
        1 => Pick("true", "false", "null"),
        2 => "\"\\ud800 \\/\"",
        3 => Quote(Word() + "{[\"\\,:]}"),
        4 => Array([.. Enumerable.Range(0, _random.Next(3)).Select(_ => Value(depth + 1))], depth),
        _ => Object([.. Foreign(depth + 1, _random.Next(3)), .. Chance(20) ? Login() : []], depth),
    };

    private string Object(List<(string Name, string Value)> members, int depth)
    {
        var shuffled = members.ToArray();
        _random.Shuffle(shuffled);
        return Enclose("{", [.. shuffled.Select(member => Quote(member.Name) + Chaos() + _colon + member.Value)], "}", depth);
    }

    private string Array(string[] items, int depth) => Enclose("[", items, "]", depth);

    private string Enclose(string open, string[] items, string close, int depth)
    {
        if (items.Length == 0)
        {
            return open + close;
        }

        var line = _gap.Contains('\n', StringComparison.Ordinal);
        var indentation = _gap[(_gap.IndexOf('\n', StringComparison.Ordinal) + 1)..];
        var gap = line ? _gap + string.Concat(Enumerable.Repeat(indentation, depth - 1)) : _gap;
        var outer = line ? (depth == 1 ? "\n" : gap[..^(_gap.Length - 1 - _gap.IndexOf('\n', StringComparison.Ordinal))]) : "";
        return open + (line ? gap : Chaos()) + string.Join("," + gap, items.Select(item => Chaos() + item + Chaos())) + outer + close;
    }

    private string Time()
    {
        var at = Moment();
        var isInMilliseconds = Format.TimeUnit == CredentialsTimeUnit.Milliseconds;
        var count = (isInMilliseconds ? at.ToUnixTimeMilliseconds() : at.ToUnixTimeSeconds()).ToString(CultureInfo.InvariantCulture);
        return _random.Next(9) switch
        {
            0 => "null",
            1 => "0",
            2 => count + ".616",
            3 => $"\"{count}\"",
            4 => $"\"{at:yyyy-MM-ddTHH:mm:ss}Z\"",
            5 => count + "e0",
            _ => count,
        };
    }

    // From 2001 on: what lies decades before is taken for a count in another unit.
    private DateTimeOffset Moment() => DateTimeOffset.FromUnixTimeSeconds(_random.Next(1_000_000_000, int.MaxValue));

    private string Word() =>
        string.Concat(Enumerable.Range(0, _random.Next(6)).Select(_ => Pick("a", "b", "7", "ü", "😀", "\"", "\\", "\n", "/", "+")));

    private string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            quoted.Append(c is '"' or '\\' or < ' ' || Chance(5) ? $"\\u{(int)c:x4}" : c);

            // Half a pair may be an escape only if the other half is one.
            if (char.IsSurrogate(c) && quoted[^1] != c)
            {
                quoted.Length -= 6;
                quoted.Append(c);
            }
        }

        return quoted.Append('"').ToString();
    }

    private string Chaos() => _isChaotic && Chance(30) ? Pick(" ", "\n", "\t", "\r\n ") : "";

    private bool Chance(int percent) => _random.Next(100) < percent;

    private T Pick<T>(params T[] items) => items[_random.Next(items.Length)];
}
