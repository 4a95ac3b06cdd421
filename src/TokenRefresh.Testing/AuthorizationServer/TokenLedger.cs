using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace TokenRefresh.Testing;

/// <summary>
/// Issues, rotates and revokes. Every decision is one step under <see cref="Gate"/>, which the books share, so that a snapshot never shows
/// half of one.
/// </summary>
internal sealed class TokenLedger(LoopbackAuthorizationServerOptions options)
{
    private readonly Dictionary<string, RefreshTokenEntry> _refreshTokens = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AccessTokenEntry> _accessTokens = new(StringComparer.Ordinal);
    private TimeSpan _accessTokenLifetime = options.AccessTokenLifetime;

    public object Gate { get; } = new();

    public Dictionary<string, TokenFamily> Families { get; } = new(StringComparer.Ordinal);

    public TimeSpan AccessTokenLifetime
    {
        get
        {
            lock (Gate)
            {
                return _accessTokenLifetime;
            }
        }

        set
        {
            lock (Gate)
            {
                _accessTokenLifetime = value;
            }
        }
    }

    private DateTimeOffset Now => options.TimeProvider.GetUtcNow();

    public IssuedLogin IssueLogin(TimeSpan? accessTokenLifetime, string? thumbprint = null)
    {
        lock (Gate)
        {
            var family = new TokenFamily($"login-{Families.Count + 1}") { Thumbprint = thumbprint };
            Families.Add(family.Id, family);
            TimeSpan lifetime = accessTokenLifetime ?? _accessTokenLifetime;
            return new IssuedLogin(family.Id, IssuePair(family, predecessor: null, lifetime, thumbprint));
        }
    }

    public IReadOnlyList<string> IssuedTokens()
    {
        lock (Gate)
        {
            return [.. _refreshTokens.Keys, .. _accessTokens.Keys];
        }
    }

    public LedgerDecision IssueToClient(string? thumbprint)
    {
        lock (Gate)
        {
            var family = new TokenFamily($"client-{Families.Count + 1}");
            Families.Add(family.Id, family);
            (string accessToken, DateTimeOffset end) = IssueAccessToken(family, _accessTokenLifetime, thumbprint);
            var tokens = new OAuthCredentials(accessToken, null, end) { Scopes = options.Scopes, TokenType = TypeOf(thumbprint) };
            return new LedgerDecision(TokenRequestOutcome.Granted, family, null, tokens) { AccessTokenLifetime = _accessTokenLifetime };
        }
    }

    /// <summary>Decides about a refresh token that a well-formed, authenticated request presented.</summary>
    /// <param name="refreshToken">The refresh token.</param>
    /// <param name="rotate">Whether another one is issued.</param>
    /// <param name="thumbprint">The key by which the request proved who it is; <see langword="null"/> if that was not demanded.</param>
    public LedgerDecision Refresh(string refreshToken, bool rotate, string? thumbprint)
    {
        lock (Gate)
        {
            if (!_refreshTokens.TryGetValue(refreshToken, out RefreshTokenEntry? entry))
            {
                return new LedgerDecision(TokenRequestOutcome.UnknownToken, null, null, null);
            }

            TokenFamily family = entry.Family;
            TimeSpan? remaining = family.NewestAccessToken?.EndsAt - Now;
            family.TokenRequests++;

            // RFC 9449 section 5: the refresh token of a public client is bound to the key by which it was obtained.
            TokenRequestOutcome outcome = thumbprint is not null && (family.Thumbprint ??= thumbprint) != thumbprint
                ? TokenRequestOutcome.ProofRefused
                : Judge(entry, rotate);
            OAuthCredentials? pair = null;
            switch (outcome)
            {
                case TokenRequestOutcome.Reused:
                    family.Reuses++;
                    break;
                case TokenRequestOutcome.GrantedWithoutRotation:
                    family.Grants++;
                    pair = IssueAccessTokenOnly(family, refreshToken, thumbprint);
                    break;
                case TokenRequestOutcome.Granted or TokenRequestOutcome.Replayed:
                    family.Grants++;
                    family.Replays += outcome == TokenRequestOutcome.Replayed ? 1 : 0;
                    Consume(entry);
                    pair = IssuePair(family, entry, _accessTokenLifetime, thumbprint);
                    break;
            }

            return new LedgerDecision(outcome, family, remaining, pair) { AccessTokenLifetime = _accessTokenLifetime };
        }
    }

    /// <summary>Finds the login of a token without deciding anything.</summary>
    public TokenFamily? FindFamily(string token)
    {
        lock (Gate)
        {
            return _refreshTokens.TryGetValue(token, out RefreshTokenEntry? refresh) ? refresh.Family
                : _accessTokens.TryGetValue(token, out AccessTokenEntry? access) ? access.Family
                : null;
        }
    }

    public bool IsAccepted(string accessToken)
    {
        lock (Gate)
        {
            return _accessTokens.TryGetValue(accessToken, out AccessTokenEntry? entry) && !entry.Family.IsRevoked && entry.EndsAt > Now;
        }
    }

    /// <summary>Finds the key to which an access token is bound.</summary>
    public string? FindThumbprint(string accessToken)
    {
        lock (Gate)
        {
            return _accessTokens.TryGetValue(accessToken, out AccessTokenEntry? entry) ? entry.Thumbprint : null;
        }
    }

    public void RevokeFamily(TokenFamily family)
    {
        lock (Gate)
        {
            family.Revoke(Now);
        }
    }

    public bool EndAccessToken(string accessToken)
    {
        lock (Gate)
        {
            if (!_accessTokens.TryGetValue(accessToken, out AccessTokenEntry? entry))
            {
                return false;
            }

            End(entry);
            return true;
        }
    }

    public void EndAllAccessTokens()
    {
        lock (Gate)
        {
            foreach (AccessTokenEntry entry in _accessTokens.Values)
            {
                End(entry);
            }
        }
    }

    private TokenRequestOutcome Judge(RefreshTokenEntry entry, bool rotate)
    {
        if (entry.ConsumedAt is { } consumedAt)
        {
            bool isExcused = !entry.Family.IsRevoked && !entry.IsSuccessorConsumed && Now - consumedAt < options.RefreshTokenReuseWindow;
            return isExcused ? TokenRequestOutcome.Replayed : TokenRequestOutcome.Reused;
        }

        return entry.Family.IsRevoked ? TokenRequestOutcome.Revoked
            : entry.EndsAt <= Now ? TokenRequestOutcome.Expired
            : rotate ? TokenRequestOutcome.Granted
            : TokenRequestOutcome.GrantedWithoutRotation;
    }

    private void Consume(RefreshTokenEntry entry)
    {
        // The window counts from the first use; a replay does not extend it.
        entry.ConsumedAt ??= Now;
        if (entry.Predecessor is { } predecessor)
        {
            predecessor.IsSuccessorConsumed = true;
        }
    }

    private void End(AccessTokenEntry entry)
    {
        DateTimeOffset now = Now;
        if (entry.EndsAt > now)
        {
            entry.EndsAt = now;
        }
    }

    private static string TypeOf(string? thumbprint) => thumbprint is null ? AccessToken.DefaultTokenType : "DPoP";

    private OAuthCredentials IssuePair(
        TokenFamily family, RefreshTokenEntry? predecessor, TimeSpan accessTokenLifetime, string? thumbprint)
    {
        DateTimeOffset? refreshTokenEnd = options.RefreshTokenLifetime is { } lifetime ? Now + lifetime : null;
        string refreshToken = NewOpaqueToken();
        _refreshTokens.Add(refreshToken, new RefreshTokenEntry(family, predecessor, refreshTokenEnd));
        (string accessToken, DateTimeOffset accessTokenEnd) = IssueAccessToken(family, accessTokenLifetime, thumbprint);
        return new OAuthCredentials(accessToken, refreshToken, accessTokenEnd)
        {
            RefreshTokenExpiresAt = refreshTokenEnd,
            Scopes = options.Scopes,
            TokenType = TypeOf(thumbprint),
        };
    }

    private OAuthCredentials IssueAccessTokenOnly(TokenFamily family, string refreshToken, string? thumbprint)
    {
        (string accessToken, DateTimeOffset end) = IssueAccessToken(family, _accessTokenLifetime, thumbprint);
        return new OAuthCredentials(accessToken, refreshToken, end) { Scopes = options.Scopes, TokenType = TypeOf(thumbprint) };
    }

    private (string Token, DateTimeOffset EndsAt) IssueAccessToken(TokenFamily family, TimeSpan lifetime, string? thumbprint)
    {
        DateTimeOffset now = Now;
        DateTimeOffset end = now + lifetime;
        var entry = new AccessTokenEntry(family, end, thumbprint);
        family.Add(entry, now);
        if (options.RotationRevokesAccessTokens)
        {
            family.AccessTokens.Where(older => older != entry).ToList().ForEach(End);
        }

        string token = options.JwtAccessTokens ? NewJwt(family.Id, end, thumbprint) : NewOpaqueToken();
        _accessTokens.Add(token, entry);
        return (token, end);
    }

    private static string NewOpaqueToken() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));

    private static string NewJwt(string subject, DateTimeOffset expiresAt, string? thumbprint)
    {
        using var payload = new MemoryStream();
        using (var writer = new Utf8JsonWriter(payload))
        {
            writer.WriteStartObject();
            writer.WriteString("sub", subject);
            writer.WriteNumber("exp", expiresAt.ToUnixTimeSeconds());
            writer.WriteString("jti", NewOpaqueToken());
            if (thumbprint is not null)
            {
                // RFC 9449 section 6.1.
                writer.WriteStartObject("cnf");
                writer.WriteString("jkt", thumbprint);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        string header = WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes("""{"alg":"HS256","typ":"at+jwt"}"""));
        return $"{header}.{WebEncoders.Base64UrlEncode(payload.ToArray())}.{NewOpaqueToken()}";
    }
}

/// <summary>What the ledger made of a refresh token.</summary>
internal sealed record LedgerDecision(
    TokenRequestOutcome Outcome,
    TokenFamily? Family,
    TimeSpan? AccessTokenRemaining,
    OAuthCredentials? Pair)
{
    /// <summary>The lifetime the pair's access token was issued with.</summary>
    public TimeSpan AccessTokenLifetime { get; init; }
}
