using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh.Tests.Credentials;

/// <summary>The JSON of System.Text.Json, for what tests expect.</summary>
internal static class DocumentJson
{
    /// <summary>Gets options that escape no more than JSON demands.</summary>
    public static JsonSerializerOptions Relaxed { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
