using TokenRefresh.Endpoint;

namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>The token endpoint as one provider sees it: connect, announce, send, and the wait for the answer.</summary>
internal sealed class ModelEndpoint(ModelProvider owner) : ITokenEndpointClient
{
    private readonly World _world = owner.World;

    public async ValueTask<TokenEndpointResult> RefreshAsync(TokenRequest request, CancellationToken cancellationToken = default)
    {
        if (_world.Faults.RefusedConnections > 0 && !await ConnectAsync())
        {
            return TokenEndpointResult.Failure(TokenEndpointOutcome.NotSent, null, exception: new HttpRequestException("No connection."));
        }

        await request.BeforeSendAsync(cancellationToken);
        Presentation presentation = await new Point<Presentation>(
            owner,
            $"sends {request.RefreshToken}",
            () => Send(request.RefreshToken),
            static (ref StateHash _, Presentation _) => { }).Start();
        if (_world.Scenario.Faults.Sleeps == 0)
        {
            return await new AnswerWait(owner, presentation, CancellationToken.None).Start();
        }

        (IDisposable limit, CancellationToken isOver) = _world.Scenario.Limit(_world.Scenario.Options.AttemptTimeout, owner.Clock);
        using (limit)
        {
            return await new AnswerWait(owner, presentation, isOver).Start();
        }

    }

    // Only where a connection may be refused: elsewhere this would be one more point that means nothing.
    private async Task<bool> ConnectAsync()
    {
        try
        {
            return await new Point<bool>(
                owner, "connects", () => true, static (ref StateHash observed, bool isConnected) => observed.Add(isConnected))
                .OrFault("gets no connection", () => _world.Faults.RefusedConnections > 0, RefuseConnection)
                .Start();
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private HttpRequestException RefuseConnection()
    {
        _world.Faults.RefusedConnections--;
        return new HttpRequestException("No connection.");
    }

    private Presentation Send(string refreshToken)
    {
        _world.Rules.OnSend(owner, refreshToken);
        return owner.Exchange = _world.Server.Take(refreshToken, owner);
    }

    /// <summary>The wait for an answer, which may be lost on either side of the server.</summary>
    private sealed class AnswerWait(
        ModelProvider owner, Presentation presentation, CancellationToken isOver) : Operation<TokenEndpointResult>(owner, isOver)
    {
        private const string WaitsNoLonger = "waits no longer for the answer";

        internal override void AddSteps(List<Step> steps)
        {
            if (IsCancelled)
            {
                steps.Add(new(Owner.Name, WaitsNoLonger, EndLate));
                return;
            }

            if (presentation.Answer is { } answer)
            {
                steps.Add(new(Owner.Name, "gets the answer", () => Deliver(answer)));
            }

            if (Owner.World.Faults.Sleeps > 0)
            {
                steps.Add(new("the machine", "sleeps", Owner.World.Sleep, IsOptional: true));
            }

            if (Owner.World.Faults.LostAnswers > 0)
            {
                steps.Add(
                    new(
                        Owner.Name,
                        presentation.IsOnTheWay ? "loses its connection before the server has the request" : "loses the answer",
                        Lose,
                        IsOptional: true));
            }

            // Not once the answer is there: whether the limit beats it is decided by the limit that ships, see the sleeps.
            if (Owner.World.Faults.Timeouts > 0 && presentation.Answer is null)
            {
                steps.Add(new(Owner.Name, WaitsNoLonger, TimeOut, IsOptional: true));
            }
        }

        internal override void AddTo(ref StateHash state)
        {
            state.Add("answer");
            state.Add(IsCancelled);
        }

        private void Deliver(TokenEndpointResult answer)
        {
            var observed = default(StateHash);
            observed.Add(answer.Response?.RefreshToken);
            if (answer.Response is null)
            {
                presentation.Fate = Fate.Refused;
                Owner.LastRefused = presentation.Token;
            }

            Complete(answer, observed.Value);
        }

        private void Lose()
        {
            Owner.World.Faults.LostAnswers--;
            presentation.IsOnTheWay = false;
            EndUnknown(new HttpRequestException("The connection broke."), Fate.Unknown);
        }

        private void TimeOut()
        {
            Owner.World.Faults.Timeouts--;
            EndLate();
        }

        private void EndLate() => EndUnknown(
            new TimeoutException("The server was too slow."), presentation.Answer is null ? Fate.Unknown : Fate.Overlooked);

        private void EndUnknown(Exception cause, Fate fate)
        {
            var observed = default(StateHash);
            observed.Add(cause.GetType().Name);
            Owner.End(presentation, fate);
            Complete(TokenEndpointResult.Failure(TokenEndpointOutcome.Unknown, null, exception: cause), observed.Value);
        }
    }
}
