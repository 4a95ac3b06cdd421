using System.Net.Http.Headers;
using System.Text.Json;

namespace TokenRefresh.FreshProcess;

/// <summary>The floor: reads a token that is valid, and sets the header. It could not refresh.</summary>
internal sealed class ReadingSender : IRequestSender
{
    private readonly HttpClient _http = new();
    private readonly string _token;
    private readonly Uri _resource;

    internal ReadingSender(string path, Uri resource)
    {
        _resource = resource;
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        _token = document.RootElement.GetProperty("claudeAiOauth").GetProperty("accessToken").GetString()!;
    }

    public async Task SendAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _resource);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        using HttpResponseMessage answer = await _http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }

    public void Dispose() => _http.Dispose();
}
