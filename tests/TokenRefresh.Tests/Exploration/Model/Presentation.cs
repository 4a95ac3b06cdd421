using TokenRefresh.Endpoint;

namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>One use of a refresh token, and what became of it.</summary>
internal sealed class Presentation(string token, ModelProvider sender, TimeSpan at)
{
    internal string Token { get; } = token;

    internal ModelProvider Sender { get; } = sender;

    internal TimeSpan At { get; } = at;

    internal string Taken { get; } = $"takes {token} of {sender.Name}";

    internal string NotTaken { get; } = $"never gets {token} of {sender.Name}";

    /// <summary>Gets or sets whether the server has yet to see it.</summary>
    internal bool IsOnTheWay { get; set; } = true;

    /// <summary>Gets or sets whether the server saw it when no one waited for it any more: a replay may have overtaken it.</summary>
    internal bool IsLate { get; set; }

    internal TokenEndpointResult? Answer { get; set; }

    internal Fate Fate { get; set; } = Fate.Open;

    internal void AddTo(ref StateHash state)
    {
        state.Add(Token);
        state.Add(Sender.Name);
        state.Add(At.Ticks);
        state.Add(IsOnTheWay);
        state.Add(IsLate);
        state.Add(Answer?.Response?.RefreshToken);
        state.Add(Answer is not null);
        state.Add((int)Fate);
    }
}

/// <summary>What those who are alive can know of a presentation.</summary>
internal enum Fate
{
    /// <summary>Its sender waits for the answer, or has it in hand.</summary>
    Open,

    /// <summary>Its pair was saved, or given up for another login.</summary>
    Settled,

    /// <summary>Its pair is in the memory of its sender only.</summary>
    Kept,

    /// <summary>The server said no.</summary>
    Refused,

    /// <summary>The answer was there when its sender gave up.</summary>
    Overlooked,

    /// <summary>The answer was lost, or its sender died before the save.</summary>
    Unknown,
}
