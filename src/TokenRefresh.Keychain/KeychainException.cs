namespace TokenRefresh.Keychain;

/// <summary>
/// A keychain did not read or write an item. It is the <see cref="Exception.InnerException"/> of the <see cref="CredentialsFileException"/>
/// or <see cref="CredentialsSaveException"/> that a caller gets.
/// </summary>
public sealed class KeychainException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="message">What failed, and the one thing to do. No secret.</param>
    /// <param name="innerException">The cause, or <see langword="null"/>.</param>
    public KeychainException(KeychainFailure failure, string message, Exception? innerException = null)
        : base(message, innerException) => Failure = failure;

    /// <summary>Gets why.</summary>
    public KeychainFailure Failure { get; }
}
