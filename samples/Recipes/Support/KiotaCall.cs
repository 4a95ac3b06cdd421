using System.Text;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Http.HttpClientLibrary;

namespace Recipes.Support;

/// <summary>The call that a generated client would make.</summary>
internal static class KiotaCall
{
    public static async Task<string> SendAsync(HttpClientRequestAdapter adapter, Uri api)
    {
        using var body = new MemoryStream(Encoding.UTF8.GetBytes(RestAnswers.Text));
        var request = new RequestInformation { HttpMethod = Method.POST, URI = new Uri(api, "items") };
        request.SetStreamContent(body, "text/plain");
        using Stream answer = (await adapter.SendPrimitiveAsync<Stream>(request))!;
        using var reader = new StreamReader(answer);
        return await reader.ReadToEndAsync();
    }
}
