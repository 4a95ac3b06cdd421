using System.Runtime.InteropServices;
using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>Where a member stands in the document: byte offsets, each end exclusive, quotes included.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct JsonMember(LoginMember Role, int NameStart, int NameEnd, int ValueStart, int ValueEnd, JsonTokenType Kind)
{
    public ReadOnlySpan<byte> Value(ReadOnlySpan<byte> json) => json[ValueStart..ValueEnd];
}
