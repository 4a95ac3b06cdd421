using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Recipes.Support;

/// <summary>
/// The least that each library takes for a good answer; each holds <see cref="Text"/> at the place that the recipe reads.
/// </summary>
internal static class RestAnswers
{
    public const string Text = "served";

    public static void MapRestAnswers(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/me", () => Text);
        routes.MapPost("/items", async (HttpRequest request) => await ReadAsync(request));
        routes.MapGet("/api/v3/user", () => Json($$"""{"login":"{{Text}}","id":1}"""));
        routes.MapGet("/api/v1/namespaces", () => Json(
            $$$"""{"kind":"NamespaceList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"{{{Text}}}"}}]}"""));
        routes.MapPost("/v1/chat/completions", () => Json(
            $$$"""
            {"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",
            "message":{"role":"assistant","content":"{{{Text}}}"}}]}
            """));
        routes.MapPost("/v1/messages", async (HttpRequest request) =>
            (await ReadAsync(request)).Contains("\"stream\":true", StringComparison.Ordinal)
                ? Results.Text(MessageEvents, "text/event-stream")
                : Json(Message($$"""[{"type":"text","text":"{{Text}}"}]""")));
    }

    private static string MessageEvents => string.Concat(
        Event("message_start", """{"type":"message_start","message":""" + Message("[]") + "}"),
        Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"""),
        Event(
            "content_block_delta",
            $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{Text}}}"}}"""),
        Event("content_block_stop", """{"type":"content_block_stop","index":0}"""),
        Event(
            "message_delta",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":1}}"""),
        Event("message_stop", """{"type":"message_stop"}"""));

    private static string Message(string content) =>
        """{"id":"1","type":"message","role":"assistant","model":"m","stop_reason":"end_turn","stop_sequence":null,"""
        + $$$"""
        "content":{{{content}}},"usage":{"input_tokens":1,"output_tokens":1}}
        """;

    private static string Event(string name, string data) => $"event: {name}\ndata: {data}\n\n";

    private static async Task<string> ReadAsync(HttpRequest request)
    {
        using var reader = new StreamReader(request.Body);
        return await reader.ReadToEndAsync();
    }

    private static IResult Json(string json) => Results.Text(json, "application/json");
}
