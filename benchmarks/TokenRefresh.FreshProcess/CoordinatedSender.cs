using System.Globalization;
using System.Net.Http.Headers;
using TokenRefresh.Benchmarks.Coordinations;

namespace TokenRefresh.FreshProcess;

/// <summary>
/// A refresh written by hand: one at a time in the process, a file lock between processes, and the file read again under it.
/// </summary>
internal sealed class CoordinatedSender : IRequestSender
{
    private readonly HttpClient _http = new();
    private readonly ICoordination _coordination;
    private readonly Uri _resource;

    internal CoordinatedSender(string scheme, string path, Uri tokenEndpoint, Uri resource)
    {
        _resource = resource;
        var settings = new CoordinationSettings(path, tokenEndpoint, TimeProvider.System, static () => { });
        _coordination = scheme == "CrossPlatLock" ? CreateCrossPlatLock(settings) : CreatePolling(settings, scheme);
    }

    public async Task SendAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _resource);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await _coordination.GetTokenAsync());
        using HttpResponseMessage answer = await _http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }

    // As shipped: a try every 100 ms, 600 times.
    private static CrossPlatLockCoordination CreateCrossPlatLock(CoordinationSettings settings) =>
        new(settings, retryMilliseconds: 100, retries: 600);

    private static PollingCoordination CreatePolling(CoordinationSettings settings, string milliseconds) =>
        new(settings, TimeSpan.FromMilliseconds(int.Parse(milliseconds, CultureInfo.InvariantCulture)));

    public void Dispose() => _http.Dispose();
}
