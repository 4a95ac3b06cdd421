namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>The credentials file: one content, replaced in one step, and who waits for its next change.</summary>
internal sealed class ModelFile(OAuthCredentials? content)
{
    private readonly List<ChangeWait> _watches = [];
    private readonly List<string> _accessTokens = content is null ? [] : [content.AccessToken];

    internal OAuthCredentials? Content { get; private set; } = content;

    internal bool HasHeld(string accessToken) => _accessTokens.Contains(accessToken);

    internal void Write(OAuthCredentials? next)
    {
        Content = next;
        if (next is not null && !HasHeld(next.AccessToken))
        {
            _accessTokens.Add(next.AccessToken);
        }

        foreach (ChangeWait watch in _watches)
        {
            watch.IsChanged = true;
        }
    }

    internal void Watch(ChangeWait watch) => _watches.Add(watch);

    internal void Unwatch(ChangeWait watch) => _watches.Remove(watch);

    internal void AddTo(ref StateHash state)
    {
        state.Add(Content);
        foreach (string token in _accessTokens)
        {
            state.Add(token);
        }
    }
}

/// <summary>
/// A wait for the next change of the file, armed from its start. A change wakes it once; that it may be late stands for one that was
/// missed.
/// </summary>
internal sealed class ChangeWait(ModelProvider owner, ModelFile file, CancellationToken cancellation) : Operation<bool>(owner, cancellation)
{
    internal bool IsChanged { get; set; }

    internal Task Arm()
    {
        file.Watch(this);
        return Start();
    }

    internal override void AddSteps(List<Step> steps)
    {
        if (IsChanged)
        {
            steps.Add(new(Owner.Name, "hears of a change", () =>
            {
                file.Unwatch(this);
                Complete(true, observed: 1);
            }));
        }
    }

    internal override void AddTo(ref StateHash state)
    {
        state.Add("change");
        state.Add(IsChanged);
    }

    internal override void Settle()
    {
        if (IsCancelled)
        {
            file.Unwatch(this);
            Fail(new OperationCanceledException());
        }
    }
}
