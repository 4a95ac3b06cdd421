namespace TokenRefresh;

/// <summary>The user must sign in again. Not thrown any more once another login is stored, or, where only the words of an answer said that
/// the refresh token is rejected, after a pause.</summary>
/// <param name="reason">Why signing in is required.</param>
/// <param name="message">What failed, on what, and what helps. No secret.</param>
/// <param name="innerException">The cause, or <see langword="null"/>.</param>
public sealed class SignInRequiredException(SignInRequiredReason reason, string message, Exception? innerException = null)
    : TokenRefreshException(message, isTransient: false, innerException)
{
    /// <summary>Gets why signing in is required.</summary>
    public SignInRequiredReason Reason { get; } = reason;
}
