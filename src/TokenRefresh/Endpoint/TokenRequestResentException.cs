namespace TokenRefresh.Endpoint;

/// <summary>
/// Something between this client and the wire tried to send, or to keep for sending, a refresh token a second time. It was refused before a
/// byte left.
/// </summary>
internal sealed class TokenRequestResentException(string message) : InvalidOperationException(message);
