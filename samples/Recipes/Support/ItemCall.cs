using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace Recipes.Support;

/// <summary>A call with a body that can be produced only once.</summary>
internal static class ItemCall
{
    public static async Task<string> SendAsync(IServiceProvider services)
    {
        HttpClient client = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        using var content = new StreamContent(new OneWay(Encoding.UTF8.GetBytes(RestAnswers.Text)));
        using HttpResponseMessage response = await client.PostAsync(new Uri("items", UriKind.Relative), content);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }

    private sealed class OneWay(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
