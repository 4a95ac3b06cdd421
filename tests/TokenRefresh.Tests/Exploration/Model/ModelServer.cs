using TokenRefresh.Endpoint;

namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>
/// An authorization server that rotates, takes a used token again within its reuse window unless the successor was used, and otherwise
/// revokes the family.
/// </summary>
internal sealed class ModelServer(World world, TimeSpan? reuseWindow)
{
    internal static readonly TimeSpan AccessTokenLifetime = TimeSpan.FromHours(1);

    private readonly Dictionary<string, IssuedToken> _issued = [];
    private readonly List<Presentation> _presentations = [];
    private readonly List<string> _revokedFamilies = [];

    internal IReadOnlyList<Presentation> Presentations => _presentations;

    /// <summary>Issues a pair: the first of a family, or the successor of a refresh token.</summary>
    internal OAuthCredentials Issue(string family, string? predecessor, TimeSpan lifetime)
    {
        int number = _issued.Values.Count(t => t.Family == family) + 1;
        _issued.Add(
            $"{family}-refresh-{number}", new IssuedToken(family, predecessor, $"{family}-access-{number}", world.Elapsed + lifetime));
        return new OAuthCredentials($"{family}-access-{number}", $"{family}-refresh-{number}", ModelClock.Start + world.Elapsed + lifetime);
    }

    internal bool Accepts(string accessToken) =>
        !(world.Scenario.IsFirstTokenRejected && accessToken == world.First.AccessToken)
        && _issued.Values.Any(t => t.AccessToken == accessToken && t.EndsAt > world.Elapsed && !_revokedFamilies.Contains(t.Family));

    internal bool IsRevoked(string? refreshToken) =>
        refreshToken is not null && _issued.TryGetValue(refreshToken, out IssuedToken? token) && _revokedFamilies.Contains(token.Family);

    internal bool DescendsFrom(string? refreshToken, string? ancestor)
    {
        for (string? token = refreshToken; token is not null; token = _issued.GetValueOrDefault(token)?.Predecessor)
        {
            if (token == ancestor)
            {
                return true;
            }
        }

        return false;
    }

    internal Presentation Take(string token, ModelProvider sender)
    {
        var presentation = new Presentation(token, sender, world.Elapsed);
        _presentations.Add(presentation);
        return presentation;
    }

    internal void Process(Presentation presentation)
    {
        presentation.IsOnTheWay = false;
        presentation.IsLate = presentation.Fate == Fate.Unknown;
        IssuedToken? issued = _issued.GetValueOrDefault(presentation.Token);
        if (issued is null || _revokedFamilies.Contains(issued.Family))
        {
            presentation.Answer = Refusal();
            return;
        }

        if (issued.ConsumedAt is { } consumedAt
            && (issued.IsSuccessorConsumed || reuseWindow is null || world.Elapsed - consumedAt >= reuseWindow))
        {
            _revokedFamilies.Add(issued.Family);
            presentation.Answer = Refusal();
            world.Rules.OnReuse(presentation);
            return;
        }

        issued.ConsumedAt ??= world.Elapsed;
        if (issued.Predecessor is { } predecessor)
        {
            _issued[predecessor].IsSuccessorConsumed = true;
        }

        OAuthCredentials pair = Issue(issued.Family, presentation.Token, AccessTokenLifetime);
        presentation.Answer = TokenEndpointResult.Success(new TokenResponse(pair.AccessToken, pair.RefreshToken, AccessTokenLifetime));
    }

    // What its sender no longer waits for arrives all the same, or does not.
    internal void AddSteps(List<Step> steps)
    {
        foreach (Presentation presentation in _presentations)
        {
            if (presentation.IsOnTheWay)
            {
                steps.Add(new("the server", presentation.Taken, () => Process(presentation)));
                if (!presentation.Sender.Process.IsAlive)
                {
                    steps.Add(new("the server", presentation.NotTaken, () => presentation.IsOnTheWay = false));
                }
            }
        }
    }

    internal void AddTo(ref StateHash state)
    {
        foreach (string family in _revokedFamilies)
        {
            state.Add(family);
        }

        foreach ((string token, IssuedToken issued) in _issued)
        {
            state.Add(token);
            state.Add(issued.Predecessor);
            state.Add(issued.ConsumedAt?.Ticks ?? -1);
            state.Add(issued.IsSuccessorConsumed);
            state.Add(issued.EndsAt.Ticks);
        }

        foreach (Presentation presentation in _presentations)
        {
            presentation.AddTo(ref state);
        }
    }

    private static TokenEndpointResult Refusal() =>
        TokenEndpointResult.Failure(TokenEndpointOutcome.RefreshTokenRejected, 400, "invalid_grant");

    private sealed record IssuedToken(string Family, string? Predecessor, string AccessToken, TimeSpan EndsAt)
    {
        internal TimeSpan? ConsumedAt { get; set; }

        internal bool IsSuccessorConsumed { get; set; }
    }
}
