using System.Runtime.CompilerServices;

namespace TokenRefresh.Http;

/// <summary>Reads a flag among a request's options without making options for a request that has none.</summary>
/// <remarks>
/// The getter of <see cref="HttpRequestMessage.Options"/> makes two objects when it is first asked, for a request that nobody gave options, which is nearly every one; and nothing public tells whether there are any.
/// So its field is looked at, after a trial has shown that it holds what the getter returns. On a runtime where it does not, the getter is asked.
/// </remarks>
internal static class RequestOption
{
    private static readonly bool IsFieldKnown = TryField();

    internal static bool IsSet(HttpRequestMessage request, HttpRequestOptionsKey<bool> key)
    {
        HttpRequestOptions? options = IsFieldKnown ? Field(request) : request.Options;
        return options is not null && options.TryGetValue(key, out bool isSet) && isSet;
    }

    private static bool TryField()
    {
        try
        {
            using var request = new HttpRequestMessage();
            return Field(request) is null && ReferenceEquals(request.Options, Field(request));
        }
        catch (MissingFieldException)
        {
            return false;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_options")]
    private static extern ref HttpRequestOptions? Field(HttpRequestMessage request);
}
