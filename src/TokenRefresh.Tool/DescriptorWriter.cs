using System.Runtime.InteropServices;
using System.Text;

namespace TokenRefresh.Tool;

/// <summary>
/// Writes to standard output or error directly. The console's own streams take the terminal, and a thread for signals: half a millisecond
/// of each `token`. A FileStream would write at an offset of its own, over what other programs write to the same file.
/// </summary>
internal sealed partial class DescriptorWriter(int descriptor) : TextWriter
{
    private const int Interrupted = 4;
    private const int ReaderIsGone = 32;
    private const int StandardError = 2;

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    // In one call, so that lines of several processes stay whole.
    public override void WriteLine(string? value) => Write($"{value}\n".AsSpan());

    public override void Write(ReadOnlySpan<char> buffer)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(buffer.Length)];
        Span<byte> left = bytes.AsSpan(0, Encoding.UTF8.GetBytes(buffer, bytes));
        while (left.Length > 0)
        {
            nint written = Write(descriptor, left, left.Length);
            if (written >= 0)
            {
                left = left[(int)written..];
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    break;
                case ReaderIsGone:

                // What is said on standard error is worth no failure: of a full disk below a log, for one.
                case var _ when descriptor == StandardError:
                    return;
                case var error:
                    throw new IOException($"The output cannot be written (errno {error}).");
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nint length);
}
