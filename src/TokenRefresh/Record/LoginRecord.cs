namespace TokenRefresh.Record;

/// <summary>What the processes that share one login tell each other. Immutable; holds no token, only fingerprints.</summary>
internal sealed class LoginRecord
{
    /// <summary>How many used refresh tokens the record keeps.</summary>
    internal const int UsedCapacity = 8;

    private const int ObtainedCapacity = 4;

    internal static readonly LoginRecord Empty = new();

    /// <summary>What tells this record from one that began anew, after the lock file was deleted.</summary>
    internal string? Origin;

    /// <summary>The number of the write: of two records of one origin the higher one is newer.</summary>
    internal long Sequence;

    /// <summary>
    /// The <see cref="OAuthCredentials.Version"/> of the content that the last refresh or sign-in left in the store.
    /// </summary>
    internal string? File;

    /// <summary>
    /// The attempt whose outcome is not noted yet: under way while its process has the lock, of unknown outcome afterwards.
    /// </summary>
    internal Attempt? Attempt;

    /// <summary>The pauses: at most one of a kind and client.</summary>
    internal Hold[] Holds = [];

    /// <summary>The access tokens obtained last, newest first.</summary>
    internal ObtainedToken[] Obtained = [];

    /// <summary>The fingerprints of the refresh tokens used last, newest first.</summary>
    internal string[] Used = [];

    /// <summary>
    /// The fingerprint of the refresh token that the last sign-in stored, or <see langword="null"/>: it is good, even if a process
    /// knows it as used.
    /// </summary>
    internal string? Restored;

    /// <summary>The version of the record where that is newer than this library's; its content is then not read.</summary>
    internal int? NewerVersion;

    internal LoginRecord()
    {
    }

    private LoginRecord(LoginRecord other)
    {
        Origin = other.Origin;
        Sequence = other.Sequence;
        File = other.File;
        Attempt = other.Attempt;
        Holds = other.Holds;
        Obtained = other.Obtained;
        Used = other.Used;
        Restored = other.Restored;
    }

    /// <summary>Finds the running or ended hold of a kind for these tokens and client.</summary>
    internal Hold? Find(HoldKind kind, RecordKey key)
    {
        foreach (Hold hold in Holds)
        {
            if (hold.Kind == kind && (kind == HoldKind.ResourceRejects ? hold.Key.IsOfClient(key) : hold.Key.Matches(key)))
            {
                return hold;
            }
        }

        return null;
    }

    /// <summary>
    /// Finds the note that this refresh token was exchanged already, by any client: for tokens that are unsaved elsewhere, or of another
    /// account.
    /// </summary>
    internal Hold? FindExchanged(HoldKind kind, string refreshToken)
    {
        foreach (Hold hold in Holds)
        {
            if (hold.Kind == kind && hold.Key.RefreshToken == refreshToken && (kind == HoldKind.Unsaved || hold.Cause == Hold.OtherAccount))
            {
                return hold;
            }
        }

        return null;
    }

    /// <summary>Tells when an access token was obtained, where that is noted.</summary>
    internal DateTimeOffset? ObtainedAt(string accessToken)
    {
        foreach (ObtainedToken token in Obtained)
        {
            if (token.AccessToken == accessToken)
            {
                return token.At;
            }
        }

        return null;
    }

    internal LoginRecord WithAttempt(Attempt? attempt) => new(this) { Attempt = attempt };

    internal LoginRecord WithFile(string? file) => new(this) { File = file };

    /// <summary>Tells whether this login is being moved from or to this store. Its token is blocked for that, and not used up.</summary>
    internal bool IsMoving(OAuthCredentials login)
    {
        string token = Fingerprint.Of(login.RefreshToken ?? "");
        return Array.Exists(Holds, hold => hold.Cause == Hold.Moving && hold.Key.RefreshToken == token);
    }

    /// <summary>Adds a hold in place of the one of the same kind and client.</summary>
    internal LoginRecord WithHold(Hold added)
    {
        var holds = new List<Hold> { added };
        foreach (Hold hold in Holds)
        {
            if (hold.Kind != added.Kind || hold.Key.Client != added.Key.Client)
            {
                holds.Add(hold);
            }
        }

        return new(this) { Holds = holds.ToArray() };
    }

    /// <summary>Removes the pause after a failure of these tokens, because something graver is known of them.</summary>
    internal LoginRecord WithoutCoolDown(RecordKey key)
    {
        Hold? coolDown = Find(HoldKind.CoolDown, key);
        return coolDown is null ? this : new(this) { Holds = Array.FindAll(Holds, hold => hold != coolDown) };
    }

    /// <summary>Notes a rotation. A server that keeps its refresh token uses none up.</summary>
    /// <remarks>What is noted about other tokens stays: their holder may have come between the exchange and this save.</remarks>
    internal LoginRecord AfterRotation(OAuthCredentials sent, OAuthCredentials next)
    {
        string token = Fingerprint.Of(sent.RefreshToken ?? "");
        return new(this)
        {
            Attempt = Attempt?.Key.RefreshToken == token ? null : Attempt,
            Holds = Array.FindAll(Holds, hold => hold.Kind == HoldKind.ResourceRejects || hold.Key.RefreshToken != token),
            Used = sent.RefreshToken == next.RefreshToken ? Used : Prepend(token, Used),
            Restored = Restored == token ? null : Restored,
        };
    }

    internal LoginRecord WithObtained(ObtainedToken token)
    {
        var obtained = new List<ObtainedToken>(ObtainedCapacity) { token };
        for (var i = 0; i < Obtained.Length && obtained.Count < ObtainedCapacity; i++)
        {
            if (Obtained[i].AccessToken != token.AccessToken)
            {
                obtained.Add(Obtained[i]);
            }
        }

        return new(this) { Obtained = obtained.ToArray() };
    }

    /// <summary>Forgets what was noted about former logins, but not which tokens are used.</summary>
    internal LoginRecord AfterSignIn(OAuthCredentials credentials)
    {
        string? token = credentials.RefreshToken is { } refreshToken ? Fingerprint.Of(refreshToken) : null;
        bool wasUsed = token is not null && Array.IndexOf(Used, token) >= 0;
        return new LoginRecord
        {
            Origin = Origin,
            Sequence = Sequence,
            Used = wasUsed ? Array.FindAll(Used, used => used != token) : Used,
            Restored = token,
        };
    }

    internal LoginRecord Numbered(string origin, long sequence) => new(this) { Origin = origin, Sequence = sequence };

    /// <summary>
    /// Joins two records of which neither is known to be the newer one: a lock file was deleted or put back. Nothing known is lost.
    /// </summary>
    internal LoginRecord Union(LoginRecord other)
    {
        LoginRecord union = this;
        foreach (Hold hold in other.Holds)
        {
            Hold? own = Array.Find(union.Holds, mine => mine.Kind == hold.Kind && mine.Key.Client == hold.Key.Client);
            if (own is null || own.Since < hold.Since)
            {
                union = union.WithHold(hold);
            }
        }

        string[] used = union.Used;
        for (int i = other.Used.Length - 1; i >= 0; i--)
        {
            used = Array.IndexOf(used, other.Used[i]) >= 0 ? used : Prepend(other.Used[i], used);
        }

        return new(union)
        {
            Sequence = Math.Max(union.Sequence, other.Sequence),
            Attempt = Later(union.Attempt, other.Attempt),
            Obtained = union.Obtained.Length > 0 ? union.Obtained : other.Obtained,
            Used = used,
        };
    }

    private static Attempt? Later(Attempt? one, Attempt? other) =>
        one is null || (other is not null && (other.Key.Matches(one.Key) ? other.Count > one.Count : other.At > one.At)) ? other : one;

    private static string[] Prepend(string token, string[] used)
    {
        var next = new List<string>(UsedCapacity) { token };
        for (var i = 0; i < used.Length && next.Count < UsedCapacity; i++)
        {
            if (used[i] != token)
            {
                next.Add(used[i]);
            }
        }

        return next.ToArray();
    }
}
