using System.Globalization;
using System.Text;

namespace TokenRefresh.Tests.Wire;

/// <summary>Reads HTTP/1.1 requests, with a length or chunked.</summary>
internal sealed class WireReader(Stream stream)
{
    private readonly byte[] _one = new byte[1];

    public async Task<WireRequest?> ReadRequestAsync(CancellationToken cancellationToken)
    {
        string? start = await ReadLineAsync(cancellationToken);
        if (string.IsNullOrEmpty(start))
        {
            return null;
        }

        string[] parts = start.Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await ReadLineAsync(cancellationToken) is { Length: > 0 } line)
        {
            string[] pair = line.Split(':', 2);
            headers[pair[0]] = pair[1].Trim();
        }

        return new WireRequest(parts[0], parts[1], parts[2], headers, await ReadBodyAsync(headers, cancellationToken));
    }

    private async Task<string> ReadBodyAsync(Dictionary<string, string> headers, CancellationToken cancellationToken)
    {
        if (headers.TryGetValue("Content-Length", out string? length))
        {
            return await ReadTextAsync(int.Parse(length, CultureInfo.InvariantCulture), cancellationToken);
        }

        var body = new StringBuilder();
        if (headers.ContainsKey("Transfer-Encoding"))
        {
            while (int.Parse((await ReadLineAsync(cancellationToken))!, NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                is > 0 and var size)
            {
                body.Append(await ReadTextAsync(size, cancellationToken));
                await ReadLineAsync(cancellationToken);
            }

            await ReadLineAsync(cancellationToken);
        }

        return body.ToString();
    }

    private async Task<string> ReadTextAsync(int length, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[length];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        return Encoding.UTF8.GetString(bytes);
    }

    private async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        while (await stream.ReadAsync(_one, cancellationToken) == 1)
        {
            if (_one[0] == '\n')
            {
                return line.ToString();
            }

            if (_one[0] != '\r')
            {
                line.Append((char)_one[0]);
            }
        }

        return line.Length == 0 ? null : line.ToString();
    }
}
