using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Diagnostics;
using TokenRefresh.Provider;
using TokenRefresh.Refresh;

namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>One provider: the product's transaction and memory over the fakes, and what it is made to do.</summary>
internal sealed class ModelProvider : IDisposable
{
    private static readonly TokenRefreshMetrics Metrics = new();

    private readonly List<Operation> _operations = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly RefreshContext _context;
    private readonly ModelClock _clock;
    private UInt128 _history;
    private int _actions;
    private Task _life = Task.CompletedTask;

    internal ModelProvider(World world, ModelProcess process, string name)
    {
        World = world;
        Process = process;
        Name = name;
        _clock = new ModelClock(world, this);
        ICredentialsStore store = new ModelStore(this);
        _context = new RefreshContext(() => new ModelEndpoint(this))
        {
            Options = world.Scenario.Options,
            Store = world.Scenario.Decorate?.Invoke(store) ?? store,
            TimeProvider = _clock,
            Logger = NullLogger.Instance,
            Metrics = Metrics,
            Callbacks = world.Scenario.Callbacks,
        };
        State = new ProviderState(_context.Store, _clock);
    }

    internal World World { get; }

    internal ModelProcess Process { get; }

    internal string Name { get; }

    internal ProviderState State { get; private set; }

    internal TimeProvider Clock => _clock;

    internal ModelLease? Lease { get; set; }

    /// <summary>Gets or sets the exchange that was sent and whose pair is neither saved nor given up.</summary>
    internal Presentation? Exchange { get; set; }

    /// <summary>Gets or sets the token that callers were served when that was last looked at.</summary>
    internal TokenSnapshot? Shown { get; set; }

    internal string? LastRefused { get; set; }

    internal bool IsFinished => _life.IsCompleted;

    internal Exception? Failure => _life.Exception?.InnerException;

    internal IEnumerable<Operation> Operations => _operations;

    internal TimeSpan? NextDue => new[] { _clock.NextDue, _operations.Min(o => o.Deadline) }.Min();

    internal void Live(Func<ModelProvider, Task> script) => _life = LiveAsync(script);

    /// <summary>Gets a token, as a caller of the public provider would, once per refresh.</summary>
    internal async Task<RefreshResult> GetTokenAsync(string? rejected = null)
    {
        World.Scenario.BeforeRefresh?.Invoke(this);
        long logins = State.Logins;
        RefreshResult result;
        try
        {
            TokenSnapshot token = await Transaction(rejected).RunAsync(_closing.Token);
            result = new(token.Token, null);
            World.Rules.OnReturn(this, token, rejected);
        }
        catch (TokenRefreshException e)
        {
            // As the public provider does.
            if (e is SignInRequiredException { Reason: SignInRequiredReason.NothingStored or SignInRequiredReason.SignedOut })
            {
                State.EndLogin(logins);
            }

            result = new(null, e);
            World.Rules.OnFailure(this, e);
        }

        EndAction(result);
        return result;
    }

    /// <summary>Tries once more to save a pair that could not be saved: what each try in the background and the disposal do.</summary>
    internal async Task SavePendingAsync()
    {
        if (State.Unsaved is not null)
        {
            await Transaction(rejected: null).SaveUnsavedAsync();
        }

        EndAction(default);
    }

    internal async Task StoreAsync(OAuthCredentials login)
    {
        await new SignInOperation(_context, State, new CallbackList(_context.Options.Events)).StoreAsync(login, CancellationToken.None);
        EndAction(default);
    }

    internal async Task RemoveAsync()
    {
        await new SignInOperation(_context, State, new CallbackList(_context.Options.Events)).RemoveAsync(CancellationToken.None);
        EndAction(default);
    }

    internal async Task PassAsync(TimeSpan time)
    {
        await Task.Delay(time, _clock);
        EndAction(default);
    }

    internal void Begin(Operation operation)
    {
        World.AssertOnThread();
        _operations.Add(operation);
    }

    internal void End(Operation operation, UInt128 observed)
    {
        _operations.Remove(operation);
        Observe(observed);
    }

    /// <summary>Ends the exchange in flight, if it is that one.</summary>
    internal void End(Presentation presentation, Fate fate)
    {
        presentation.Fate = fate;
        Exchange = Exchange == presentation ? null : Exchange;
    }

    /// <summary>Ends an exchange that the server refused: others can know of it now.</summary>
    internal void EndRefused() => Exchange = Exchange?.Fate == Fate.Refused ? null : Exchange;

    /// <summary>Takes away what is known of used tokens but for what the record says; a bug to plant.</summary>
    internal void ForgetWhatIsUsed()
    {
        ProviderState former = State;
        State = new ProviderState(_context.Store, _clock) { Unsaved = former.Unsaved };
        if (former.Snapshot is { } snapshot)
        {
            State.TryPublish(snapshot, State.Logins);
        }
    }

    /// <summary>Notes what the product saw, and when: its state is a function of that.</summary>
    internal void Observe(UInt128 observed)
    {
        var history = default(StateHash);
        history.Add(_history);
        history.Add(observed);
        history.Add(World.Elapsed.Ticks);
        _history = history.Value;
    }

    internal void AddSteps(List<Step> steps)
    {
        foreach (Operation operation in _operations)
        {
            operation.AddSteps(steps);
        }

        _clock.AddSteps(steps);
        if (World.Faults.Disposals > 0 && Process.IsAlive && !IsFinished && !_closing.IsCancellationRequested)
        {
            steps.Add(new(Name, "is disposed", DisposeEarly, IsOptional: true));
        }
    }

    internal void Settle()
    {
        for (int i = _operations.Count - 1; i >= 0; i--)
        {
            _operations[i].Settle();
        }
    }

    /// <summary>Leaves everything as it is at the death of the process: nothing goes on.</summary>
    internal void Abandon()
    {
        _operations.Clear();
        _clock.Stop();
        Forget();
    }

    internal void AddTo(ref StateHash state)
    {
        state.Add(_history);
        state.Add(_closing.IsCancellationRequested);
        foreach (Operation operation in _operations)
        {
            operation.AddTo(ref state);
        }

        _clock.AddTo(ref state);
    }

    /// <summary>Ends what has not been sent, as the disposal of a provider does.</summary>
    public void Dispose() => _closing.Cancel();

    private RefreshTransaction Transaction(string? rejected) =>
        new(_context, State, new RefreshReason(rejected, null), new CallbackList(World.Scenario.Options.Events));

    private async Task LiveAsync(Func<ModelProvider, Task> script)
    {
        try
        {
            await script(this);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            await SavePendingAsync();
        }

        Forget();
    }

    private void DisposeEarly()
    {
        World.Faults.Disposals--;
        var observed = default(StateHash);
        observed.Add("disposed");
        Observe(observed.Value);
        Dispose();
    }

    // A pair in a memory that is gone is a lost one, and so is a refusal that no one noted.
    private void Forget()
    {
        IEnumerable<Presentation> own = World.Server.Presentations
            .Where(p => p.Sender == this && (p.Fate is Fate.Open or Fate.Kept || p == Exchange));
        foreach (Presentation presentation in own)
        {
            presentation.Fate = Fate.Unknown;
        }

        Exchange = null;
    }

    // Between two actions the product keeps nothing but its memory; how it came to be is forgotten, so that ways that lead to the same
    // meet. Not where the record may become poorer than that memory.
    private void EndAction(RefreshResult result)
    {
        _actions++;
        if (_operations.Count > 0 || !_clock.IsIdle || World.Scenario.CanRecordBecomePoorer)
        {
            return;
        }

        var state = default(StateHash);
        state.Add(_actions);
        state.Add(result.Token?.Value);
        state.Add(result.Failure?.GetType().Name);
        state.Add(State.Snapshot?.Credentials);
        state.Add(State.Unsaved?.Tokens);
        state.Add(State.Unsaved?.Replaces);
        state.Add(State.Logins);
        state.Add(LastRefused);
        _history = state.Value;
    }
}

/// <summary>What a refresh brought: a token or a failure.</summary>
internal readonly record struct RefreshResult(AccessToken? Token, TokenRefreshException? Failure);
