namespace TokenRefresh.Testing;

/// <summary>Counts. Shares the ledger's lock, so that one snapshot is one moment.</summary>
internal sealed class BookKeeper(TokenLedger ledger, TimeProvider timeProvider)
{
    private readonly List<TokenRequestEntry> _journal = [];
    private readonly List<ReceivedTokenRequest> _received = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> _waits = [];
    private AuthorizationServerBooks _books = new();
    private TaskCompletionSource? _idle;

    public AuthorizationServerBooks Snapshot()
    {
        lock (ledger.Gate)
        {
            DateTimeOffset now = timeProvider.GetUtcNow();
            var logins = ledger.Families.Values.ToDictionary(
                family => family.Id,
                family => new LoginBooks
                {
                    TokenRequests = family.TokenRequests,
                    Grants = family.Grants,
                    Replays = family.Replays,
                    Reuses = family.Reuses,
                    Expiries = family.ExpiriesAt(now),
                    ApiRequests = family.ApiRequests,
                    ApiRejections = family.ApiRejections,
                    IsRevoked = family.IsRevoked,
                },
                StringComparer.Ordinal);
            return _books with { Logins = logins, Expiries = logins.Values.Sum(login => login.Expiries), Journal = [.. _journal] };
        }
    }

    public IReadOnlyList<ReceivedTokenRequest> Received()
    {
        lock (ledger.Gate)
        {
            return [.. _received];
        }
    }

    public void Update(Func<AuthorizationServerBooks, AuthorizationServerBooks> change)
    {
        lock (ledger.Gate)
        {
            _books = change(_books);
        }
    }

    public void TokenRequestArrived()
    {
        List<TaskCompletionSource> reached = [];
        lock (ledger.Gate)
        {
            int inFlight = _books.InFlight + 1;
            _books = _books with
            {
                TokenRequests = _books.TokenRequests + 1,
                InFlight = inFlight,
                InFlightMaximum = Math.Max(_books.InFlightMaximum, inFlight),
            };
            reached.AddRange(_waits.Where(wait => wait.Count <= _books.TokenRequests).Select(wait => wait.Reached));
        }

        reached.ForEach(source => source.TrySetResult());
    }

    public Task WhenTokenRequestsReach(int count)
    {
        lock (ledger.Gate)
        {
            if (_books.TokenRequests >= count)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waits.Add((count, reached));
            return reached.Task;
        }
    }

    public void TokenRequestLeft()
    {
        TaskCompletionSource? idle = null;
        lock (ledger.Gate)
        {
            _books = _books with { InFlight = _books.InFlight - 1 };
            if (_books.InFlight == 0)
            {
                (idle, _idle) = (_idle, null);
            }
        }

        idle?.TrySetResult();
    }

    public Task WhenNoTokenRequestIsInFlight()
    {
        lock (ledger.Gate)
        {
            return _books.InFlight == 0
                ? Task.CompletedTask
                : (_idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    public void TokenRequestReceived(ReceivedTokenRequest request)
    {
        lock (ledger.Gate)
        {
            _received.Add(request);
        }
    }

    public void TokenRequestNotProcessed(string? refreshToken)
    {
        lock (ledger.Gate)
        {
            TokenFamily? family = refreshToken is null ? null : ledger.FindFamily(refreshToken);
            if (family is not null)
            {
                family.TokenRequests++;
            }

            Enter(refreshToken, new LedgerDecision(TokenRequestOutcome.NotProcessed, family, null, null));
        }
    }

    public void TokenRequestRefused(string? refreshToken, TokenRequestOutcome outcome)
    {
        lock (ledger.Gate)
        {
            int invalid = outcome == TokenRequestOutcome.ProofRefused ? 0 : 1;
            _books = _books with { InvalidRequests = _books.InvalidRequests + invalid };
            Enter(refreshToken, new LedgerDecision(outcome, null, null, null));
        }
    }

    public void ProofRefused(string error)
    {
        int nonce = error == "use_dpop_nonce" ? 1 : 0;
        Update(entry => entry with { ProofsRefused = entry.ProofsRefused + 1 - nonce, NoncesAsked = entry.NoncesAsked + nonce });
    }

    /// <summary>Lets the ledger decide and enters the decision, in one step.</summary>
    public LedgerDecision Refresh(string refreshToken, bool rotate, string? thumbprint)
    {
        lock (ledger.Gate)
        {
            LedgerDecision decision = ledger.Refresh(refreshToken, rotate, thumbprint);
            _books = decision.Outcome switch
            {
                TokenRequestOutcome.Granted or TokenRequestOutcome.GrantedWithoutRotation => _books with { Grants = _books.Grants + 1 },
                TokenRequestOutcome.Replayed => _books with { Grants = _books.Grants + 1, Replays = _books.Replays + 1 },
                TokenRequestOutcome.Reused =>
                    _books with
                    {
                        Reuses = _books.Reuses + 1,
                        FamiliesRevoked = _books.FamiliesRevoked + (decision.Family!.IsRevoked ? 0 : 1),
                    },
                TokenRequestOutcome.ProofRefused => _books with { ProofsRefused = _books.ProofsRefused + 1 },
                TokenRequestOutcome.UnknownToken => _books with { InvalidRequests = _books.InvalidRequests + 1 },
                _ => _books,
            };
            if (decision.Outcome == TokenRequestOutcome.Reused)
            {
                ledger.RevokeFamily(decision.Family!);
            }

            Enter(refreshToken, decision);
            return decision;
        }
    }

    /// <summary>Issues an access token for the client's own credentials, without a refresh token (RFC 6749 section 4.4.3).</summary>
    public LedgerDecision IssueToClient(string? thumbprint)
    {
        lock (ledger.Gate)
        {
            LedgerDecision decision = ledger.IssueToClient(thumbprint);
            _books = _books with { Grants = _books.Grants + 1 };
            Enter(refreshToken: null, decision);
            return decision;
        }
    }

    public void ApiAnswered(TokenFamily? family, bool hasToken, bool isRejected)
    {
        lock (ledger.Gate)
        {
            _books = _books with
            {
                ApiRequests = _books.ApiRequests + 1,
                ApiRejections = _books.ApiRejections + (isRejected ? 1 : 0),
                ApiRequestsWithoutToken = _books.ApiRequestsWithoutToken + (hasToken ? 0 : 1),
            };
            if (family is not null)
            {
                family.ApiRequests++;
                family.ApiRejections += isRejected ? 1 : 0;
            }
        }
    }

    private void Enter(string? refreshToken, LedgerDecision decision) =>
        _journal.Add(new TokenRequestEntry(
            decision.Family?.Id,
            refreshToken is null ? null : TokenFingerprint.Of(refreshToken),
            timeProvider.GetUtcNow(),
            decision.Outcome,
            decision.AccessTokenRemaining));
}
