using System.Text.Json.Serialization;

namespace TokenRefresh.Testing;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(AuthorizationServerBooks))]
internal sealed partial class BooksJsonContext : JsonSerializerContext;
