using System.Text;
using System.Text.Json;

namespace TokenRefresh.Stores.Json;

/// <summary>The members that one object of a document may hold, their names ready for comparison.</summary>
internal sealed class LoginMemberNames
{
    private static readonly LoginMemberNames AutoTop = new(Section(CredentialsFileFormat.ClaudeCode).Concat(Login(CredentialsFileFormat.FlatOAuth)));
    private static readonly LoginMemberNames ClaudeCodeTop = new(Section(CredentialsFileFormat.ClaudeCode));
    private static readonly LoginMemberNames ClaudeCodeSection = new(Login(CredentialsFileFormat.ClaudeCode));
    private static readonly LoginMemberNames FlatOAuthTop = new(Login(CredentialsFileFormat.FlatOAuth));
    private static readonly LoginMemberNames None = new([]);

    private readonly (LoginMember Role, byte[] Name)[] _names;

    private LoginMemberNames(IEnumerable<(LoginMember Role, string? Name)> names) =>
        _names = [.. from entry in names where entry.Name is not null select (entry.Role, Encoding.UTF8.GetBytes(entry.Name))];

    /// <summary>Gets the names to look for in the top-level object, and those in its section.</summary>
    public static (LoginMemberNames Top, LoginMemberNames Section) Of(CredentialsFileFormat format)
    {
        if (ReferenceEquals(format, CredentialsFileFormat.Auto))
        {
            return (AutoTop, ClaudeCodeSection);
        }

        if (ReferenceEquals(format, CredentialsFileFormat.ClaudeCode))
        {
            return (ClaudeCodeTop, ClaudeCodeSection);
        }

        if (ReferenceEquals(format, CredentialsFileFormat.FlatOAuth))
        {
            return (FlatOAuthTop, None);
        }

        return format.Section is null ? (new(Login(format)), None) : (new(Section(format)), new(Login(format)));
    }

    /// <summary>Tells what the name means at which <paramref name="reader"/> stands.</summary>
    public LoginMember Find(ref Utf8JsonReader reader)
    {
        try
        {
            foreach (var (role, name) in _names)
            {
                if (reader.ValueTextEquals(name))
                {
                    return role;
                }
            }
        }
        catch (InvalidOperationException) when (reader.ValueIsEscaped)
        {
            // An escape such as \ud800 alone is valid JSON but no text, so it is none of our names.
        }

        return LoginMember.Unknown;
    }

    private static IEnumerable<(LoginMember Role, string? Name)> Section(CredentialsFileFormat format) => [(LoginMember.Section, format.Section)];

    private static IEnumerable<(LoginMember Role, string? Name)> Login(CredentialsFileFormat format) =>
    [
        (LoginMember.AccessToken, format.AccessTokenMember),
        (LoginMember.RefreshToken, format.RefreshTokenMember),
        (LoginMember.ExpiresAt, format.ExpiresAtMember),
        (LoginMember.RefreshTokenExpiresAt, format.RefreshTokenExpiresAtMember),
        (LoginMember.Scopes, format.ScopesMember),
        (LoginMember.TokenType, format.TokenTypeMember),
        (LoginMember.AccountId, format.AccountIdMember),
    ];
}
