using System.Net.Http.Headers;

namespace TokenRefresh.Tests.Wire;

/// <summary>A request as it arrived.</summary>
internal sealed record WireRequest(string Method, string Target, string Version, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string? this[string header] => Headers.GetValueOrDefault(header);

    public string? Bearer => this["Authorization"] is { } value ? AuthenticationHeaderValue.Parse(value).Parameter : null;

    public IReadOnlyDictionary<string, string> Form => Body.Split('&').Select(p => p.Split('=', 2))
        .ToDictionary(p => Decode(p[0]), p => Decode(p[1]), StringComparer.Ordinal);

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
