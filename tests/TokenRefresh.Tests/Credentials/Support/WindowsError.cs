namespace TokenRefresh.Tests.Credentials;

/// <summary>The exceptions of .NET for Windows' error codes.</summary>
internal static class WindowsError
{
    internal static IOException Of(int code) => new($"Windows error {code}", unchecked((int)0x8007_0000) | code);
}
