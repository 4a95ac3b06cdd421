namespace TokenRefresh.Tests.Credentials;

/// <summary>One member of an object, or element of an array, with the blanks around it.</summary>
public sealed record JsonEntry(string Before, string? Name, string Colon, JsonText Value, string After)
{
    /// <summary>Gets what the member is to the login's format; <see langword="null"/> for another program's.</summary>
    internal CredentialsMember? Role { get; init; }

    /// <summary>Gets how a time is to be written where this one stands.</summary>
    public Func<DateTimeOffset, string>? WriteTime { get; init; }
}
