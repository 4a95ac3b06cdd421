using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace TokenRefresh.Testing;

/// <summary>Writes what the token endpoint answers (RFC 6749 sections 5.1 and 5.2).</summary>
internal static class TokenEndpointAnswers
{
    public static string ErrorBody(string error, string description) =>
        Encoding.UTF8.GetString(Json(writer =>
        {
            writer.WriteString("error", error);
            writer.WriteString("error_description", description);
        }));

    public static byte[] SuccessBody(
        OAuthCredentials pair,
        TimeSpan lifetime,
        TimeSpan? refreshTokenLifetime,
        IReadOnlyDictionary<string, string?> replaced) =>
        Json(writer =>
        {
            var members = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["access_token"] = Quoted(pair.AccessToken),
                ["token_type"] = Quoted(pair.TokenType ?? AccessToken.DefaultTokenType),
                ["expires_in"] = Seconds(lifetime),
                ["refresh_token"] = pair.RefreshToken is { } refreshToken ? Quoted(refreshToken) : null,
                ["refresh_token_expires_in"] =
                    pair.RefreshToken is not null && refreshTokenLifetime is { } refreshLifetime ? Seconds(refreshLifetime) : null,
                ["scope"] = Quoted(string.Join(' ', pair.Scopes ?? [])),
            };
            foreach ((string name, string? json) in replaced)
            {
                members[name] = json;
            }

            foreach ((string name, string? json) in members)
            {
                if (json is not null)
                {
                    writer.WritePropertyName(name);
                    writer.WriteRawValue(json, skipInputValidation: true);
                }
            }
        });

    public static byte[] Json(Action<Utf8JsonWriter> members)
    {
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return body.ToArray();
    }

    public static async Task SendAsync(HttpContext context, ScriptedAnswer answer, TokenEndpointBehavior behavior)
    {
        HttpResponse response = context.Response;
        response.StatusCode = answer.Status;
        response.Headers.CacheControl = "no-store";
        foreach ((string name, string value) in answer.Headers)
        {
            response.Headers[name] = value;
        }

        ReadOnlyMemory<byte> body = answer.Body;
        long length = Math.Max(answer.PadToBytes, body.Length);
        if (length > 0)
        {
            response.ContentType = answer.ContentType;
        }

        if (behavior.KeepBytes is { } keep && keep < body.Length)
        {
            body = body[..keep];
            length = behavior.ResetsInBody ? length : keep;
        }

        response.ContentLength = length;
        await response.Body.WriteAsync(body, context.RequestAborted);
        await PadAsync(response, answer.PadToBytes - body.Length, context.RequestAborted);
        if (behavior.ResetsInBody)
        {
            await response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
        }
    }

    private static async Task PadAsync(HttpResponse response, long bytes, CancellationToken cancellationToken)
    {
        if (bytes <= 0)
        {
            return;
        }

        byte[] chunk = new byte[64 << 10];
        Array.Fill(chunk, (byte)'a');
        for (long rest = bytes; rest > 0; rest -= chunk.Length)
        {
            await response.Body.WriteAsync(chunk.AsMemory(0, (int)Math.Min(rest, chunk.Length)), cancellationToken);
        }
    }

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";

    private static string Seconds(TimeSpan time) => ((long)Math.Floor(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
}
