
namespace TokenRefresh.Keychain.Tests.MacOS;

/// <summary>
/// A shell script in place of <c>/usr/bin/security</c>: its documented exit codes, the parser of its interactive mode, its line buffer of
/// 4,096 bytes, and how it prints what is not printable. No proof of what macOS does.
/// </summary>
internal sealed class FakeSecurity : IDisposable
{
    private const string Script = """
        #!/bin/sh
        here=$(dirname "$0")
        export LC_ALL=C
        printf '%s\n' "$*" >>"$here/arguments"
        [ -e "$here/hang" ] && { echo $$ >"$here/pid"; exec sleep 1000; }
        [ -e "$here/exit-code" ] && exit "$(cat "$here/exit-code")"
        if [ "$1" = -i ]; then
            IFS= read -r line
            [ ${#line} -gt 4094 ] && exit 1
            words=$(printf '%s\n' "$line" | awk '{
                for (i = 1; i <= length($0); i++) {
                    c = substr($0, i, 1)
                    if (escaped) { word = word c; escaped = 0; continue }
                    if (c == "\\") { escaped = 1; begun = 1; continue }
                    if (quote != "") { if (c == quote) { print word; word = ""; quote = ""; begun = 0 } else word = word c; continue }
                    if (c == " ") { if (begun) print word; word = ""; begun = 0; continue }
                    if (!begun && (c == "\"" || c == "\047")) { quote = c; begun = 1; continue }
                    word = word c; begun = 1
                }
                if (begun) print word
            }')
            IFS='
        '
            set -f
            set -- $words
        fi
        verb=$1
        shift
        while [ $# -gt 0 ]; do
            case $1 in
                -a) account=$2; shift ;;
                -s) service=$2; shift ;;
                -w) if [ "$verb" = add-generic-password ]; then printf '%s' "$2" >"$here/new"; shift; fi ;;
                -X) awk -v h="$2" 'BEGIN {
                    h = tolower(h); d = "0123456789abcdef"
                    for (i = 1; i < length(h); i += 2)
                        printf "%c", (index(d, substr(h, i, 1)) - 1) * 16 + index(d, substr(h, i + 1, 1)) - 1
                }' >"$here/new"; shift ;;
            esac
            shift
        done
        item="$here/$service@$account.item"
        case $verb in
            add-generic-password) mv "$here/new" "$item" ;;
            delete-generic-password) [ -e "$item" ] || exit 44; rm "$item" ;;
            find-generic-password)
                [ -e "$item" ] || exit 44
                if tr -d '\040-\176' <"$item" | grep -q . || [ "$(tr -d -c '\n' <"$item" | wc -c)" -gt 0 ]; then
                    od -An -v -tx1 <"$item" | tr -d ' \n'
                else
                    cat "$item"
                fi
                echo ;;
            *) exit 2 ;;
        esac
        """;

    private readonly TempDirectory _directory = new();

    public FakeSecurity()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("The fake is a shell script.");
            return;
        }

        File.WriteAllText(Path, Script.ReplaceLineEndings("\n"));
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public string Path => In("security");

    public string StateDirectory => In("state");

    public string Arguments => File.ReadAllText(In("arguments"));

    public int ProcessId => int.Parse(File.ReadAllText(In("pid")), System.Globalization.CultureInfo.InvariantCulture);

    public bool IsWaiting => File.Exists(In("pid")) && new FileInfo(In("pid")).Length > 0;

    public string ItemPath(string service, string account) => In($"{service}@{account}.item");

    public void ExitWith(int code) => File.WriteAllText(In("exit-code"), code.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public void Hang() => File.WriteAllText(In("hang"), "");

    public void Dispose() => _directory.Dispose();

    private string In(string name) => System.IO.Path.Combine(_directory.Path, name);
}
