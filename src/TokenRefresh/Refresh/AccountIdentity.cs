using TokenRefresh.Endpoint;

namespace TokenRefresh.Refresh;

/// <summary>The account of a login, as far as it is known. Not a C# record, whose ToString would print it.</summary>
/// <remarks>
/// Two names that are never compared with each other: the account's id, from a stored login or a token answer, and the subject of an
/// identity token. One account may have any number of each, with different clients or identity providers, so only a name of the same kind
/// under the same refresh token can contradict.
/// </remarks>
internal sealed class AccountIdentity(string? accountId, string? subject)
{
    private readonly string? _accountId = accountId;
    private readonly string? _subject = subject;

    internal static AccountIdentity Of(TokenResponse response) => new(response.AccountId, response.Subject);

    /// <summary>What is known of a login: what is stored of it, and what was heard before with this very refresh token.</summary>
    internal static AccountIdentity Of(OAuthCredentials credentials, TokenSnapshot? heard)
    {
        AccountIdentity? former = heard is not null && OAuthCredentials.AreSameLogin(heard.Credentials, credentials) ? heard.Account : null;
        return new(credentials.AccountId ?? former?._accountId, former?._subject);
    }

    /// <summary>Tells whether both are known to be different accounts. Where both have an account id, the subjects do not matter.</summary>
    internal bool IsContradictedBy(AccountIdentity answer) =>
        _accountId is not null && answer._accountId is not null
            ? _accountId != answer._accountId
            : _subject is not null && answer._subject is not null && _subject != answer._subject;

    internal AccountIdentity With(AccountIdentity answer) => new(answer._accountId ?? _accountId, answer._subject ?? _subject);
}
