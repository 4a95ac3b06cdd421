namespace TokenRefresh.Testing;

/// <summary>One login: everything that descends from one sign-in and is revoked together. Guarded by the ledger's lock.</summary>
internal sealed class TokenFamily(string id)
{
    public string Id { get; } = id;

    public bool IsRevoked { get; set; }

    /// <summary>The key to which the refresh tokens are bound.</summary>
    public string? Thumbprint { get; set; }

    public AccessTokenEntry? NewestAccessToken { get; private set; }

    public List<AccessTokenEntry> AccessTokens { get; } = [];

    public int TokenRequests { get; set; }

    public int Grants { get; set; }

    public int Replays { get; set; }

    public int Reuses { get; set; }

    public int ApiRequests { get; set; }

    public int ApiRejections { get; set; }

    private int SupersededExpiries { get; set; }

    public void Add(AccessTokenEntry token, DateTimeOffset now)
    {
        SupersededExpiries = ExpiriesAt(now);
        AccessTokens.Add(token);
        NewestAccessToken = token;
    }

    public void Revoke(DateTimeOffset now)
    {
        SupersededExpiries = ExpiriesAt(now);
        NewestAccessToken = null;
        IsRevoked = true;
    }

    /// <summary>A token that was replaced before its end never expired as far as anyone could notice.</summary>
    public int ExpiriesAt(DateTimeOffset now) => SupersededExpiries + (NewestAccessToken?.EndsAt <= now ? 1 : 0);
}

internal sealed class AccessTokenEntry(TokenFamily family, DateTimeOffset endsAt, string? thumbprint)
{
    public TokenFamily Family { get; } = family;

    /// <summary>The key to which it is bound.</summary>
    public string? Thumbprint { get; } = thumbprint;

    public DateTimeOffset EndsAt { get; set; } = endsAt;
}

internal sealed class RefreshTokenEntry(TokenFamily family, RefreshTokenEntry? predecessor, DateTimeOffset? endsAt)
{
    public TokenFamily Family { get; } = family;

    public RefreshTokenEntry? Predecessor { get; } = predecessor;

    public DateTimeOffset? EndsAt { get; } = endsAt;

    public DateTimeOffset? ConsumedAt { get; set; }

    public bool IsSuccessorConsumed { get; set; }
}
