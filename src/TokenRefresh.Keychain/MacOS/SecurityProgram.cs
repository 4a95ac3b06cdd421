using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace TokenRefresh.Keychain.MacOS;

/// <summary>The macOS keychain by <c>/usr/bin/security</c>.</summary>
/// <remarks>
/// By that program and not by the system's library: the access list of an item follows the signature of the program that made it, so that
/// each update of a program of ours would ask the user again, and Claude Code's items are made by it too.
/// </remarks>
internal sealed class SecurityProgram(string path) : IKeychain
{
    internal const string DefaultPath = "/usr/bin/security";

    // Its line buffer has 4,096 bytes; what is longer would be taken for the next command, and the item be cut off.
    private const int LongestLine = 4094;

    public string Name => "the macOS keychain";

    public string? FindProblem(KeychainItem item, ReadOnlyMemory<byte> content)
    {
        int length = MakeLine(item, content.Span).Length;
        return length > LongestLine
            ? $"it takes {length} bytes, and '{path}' takes at most {LongestLine} from its standard input"
            : null;
    }

    public async Task<byte[]?> ReadAsync(KeychainItem item, CancellationToken cancellationToken)
    {
        string[] arguments = ["find-generic-password", "-a", item.Account, "-s", item.Service, "-w"];
        byte[]? output = await RunAsync(arguments, "", cancellationToken).ConfigureAwait(false);
        if (output is null)
        {
            return null;
        }

        byte[] content = output.AsSpan().EndsWith("\n"u8) ? output[..^1] : output;

        // It prints hexadecimal digits where the content has other than printable ASCII characters. No JSON object consists of them.
        return content.Length > 0 && content.Length % 2 == 0 && Array.TrueForAll(content, static value => char.IsAsciiHexDigit((char)value))
            ? Convert.FromHexString(Encoding.ASCII.GetString(content))
            : content;
    }

    public Task WriteAsync(KeychainItem item, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        FindProblem(item, content) is { } problem
            ? Task.FromException(new KeychainException(
                KeychainFailure.TooLarge, $"The document is too large: {problem}. Keep this login in the credentials file."))
            : RunAsync(["-i"], MakeLine(item, content.Span) + "\n", cancellationToken);

    public Task DeleteAsync(KeychainItem item, CancellationToken cancellationToken) =>
        RunAsync(["delete-generic-password", "-a", item.Account, "-s", item.Service], "", cancellationToken);

    public void Dispose()
    {
    }

    // On its standard input, since arguments are shown to every user of the machine.
    private static string MakeLine(KeychainItem item, ReadOnlySpan<byte> content)
    {
        bool isText = content.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0;
        string data = isText ? $"-w {Quote(Encoding.ASCII.GetString(content))}" : $"-X {Convert.ToHexString(content)}";
        return $"add-generic-password -U -a {Quote(item.Account)} -s {Quote(item.Service)} {data}";
    }

    private static string Quote(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    // The lowest eight bits of the OSStatus.
    private static KeychainException Failure(int code) => code switch
    {
        36 => new(
            KeychainFailure.Locked,
            "The keychain is locked, and this session cannot ask its user. Unlock it with 'security unlock-keychain'."),
        51 or 128 => new(KeychainFailure.Denied, "The keychain or its user refused. Allow '/usr/bin/security' to use the item."),
        50 or 53 => new(KeychainFailure.Unavailable, "There is no keychain. Sign in to macOS with a user that has one."),
        _ => new(KeychainFailure.Failed, $"'/usr/bin/security' ended with exit code {code}. Run it by hand to see why."),
    };

    // Null if there is no such item. Killed and reaped at the time limit.
    private async Task<byte[]?> RunAsync(string[] arguments, string input, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = new Process { StartInfo = start };
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new KeychainException(
                KeychainFailure.Unavailable, $"'{path}' cannot be started: {e.Message}. It is part of macOS.", e);
        }

        using var output = new MemoryStream();
        await using (cancellationToken.UnsafeRegister(static state => ((Process)state!).Kill(), process).ConfigureAwait(false))
        {
            Task reading = Task.WhenAll(
                process.StandardOutput.BaseStream.CopyToAsync(output, CancellationToken.None),
                process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None));
            try
            {
                await process.StandardInput.WriteAsync(input).ConfigureAwait(false);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading; its exit code says why.
            }

            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            await reading.ConfigureAwait(false);
        }

        return process.ExitCode switch
        {
            0 => output.ToArray(),
            44 => null,
            int code => throw Failure(code),
        };
    }
}
