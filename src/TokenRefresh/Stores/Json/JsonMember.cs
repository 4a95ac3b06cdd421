using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>Where a member stands in the document: byte offsets, each end exclusive, quotes included.</summary>
internal sealed class JsonMember(CredentialsMember role, int previousEnd, int nameStart, int valueStart, int valueEnd, JsonTokenType kind)
{
    internal CredentialsMember Role { get; } = role;

    /// <summary>Gets where the value of the member before ends; -1 if this is the first.</summary>
    internal int PreviousEnd { get; } = previousEnd;

    internal int NameStart { get; } = nameStart;

    internal int ValueStart { get; } = valueStart;

    internal int ValueEnd { get; } = valueEnd;

    internal JsonTokenType Kind { get; } = kind;

    /// <summary>Gets where the name of the member behind starts; -1 if this is the last.</summary>
    internal int NextStart { get; set; } = -1;
}
