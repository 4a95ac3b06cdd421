using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>Writes strings as JSON.</summary>
internal static class JsonText
{
    /// <summary>Quotes and escapes; what HTML alone would want escaped (<c>+</c>, <c>&amp;</c>, <c>'</c>) stays readable.</summary>
    public static string Quote(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    /// <summary>Tells whether the text is whole: a lone surrogate has no place in UTF-8 and would be stored as another text.</summary>
    public static bool IsUnicode(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[++i])))
            {
                return false;
            }
        }

        return true;
    }
}
