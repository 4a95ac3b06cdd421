using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>Where a member stands in the document: byte offsets, each end exclusive, quotes included.</summary>
internal sealed class JsonMember(CredentialsMember role, int previousEnd, int nameStart, int valueStart, int valueEnd, JsonTokenType kind)
{
    internal readonly CredentialsMember Role = role;

    /// <summary>Where the value of the member before ends; -1 if this is the first.</summary>
    internal readonly int PreviousEnd = previousEnd;

    internal readonly int NameStart = nameStart;

    internal readonly int ValueStart = valueStart;

    internal readonly int ValueEnd = valueEnd;

    internal readonly JsonTokenType Kind = kind;

    /// <summary>Where the name of the member behind starts; -1 if this is the last.</summary>
    internal int NextStart = -1;
}
