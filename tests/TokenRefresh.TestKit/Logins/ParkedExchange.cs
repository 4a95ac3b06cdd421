namespace TokenRefresh.TestKit.Logins;

/// <summary>A refresh whose request waits at the server. Disposal lets it go on. <see cref="SharedLogin"/> makes it.</summary>
/// <typeparam name="T">What its caller gets.</typeparam>
public sealed class ParkedExchange<T> : IDisposable
{
    private readonly ParkedRequest _request;

    private ParkedExchange(ParkedRequest request, Task<T> caller) => (_request, Caller) = (request, caller);

    /// <summary>Gets the call that began the refresh.</summary>
    public Task<T> Caller { get; }

    /// <summary>Lets the request go on.</summary>
    public void Release() => _request.Release();

    /// <summary>Lets the request go on.</summary>
    /// <returns>The call that began the refresh.</returns>
    public Task<T> FinishAsync()
    {
        Release();
        return Caller;
    }

    /// <summary>Drops the request's connection instead of going on.</summary>
    public void Drop() => _request.Drop();

    /// <inheritdoc/>
    public void Dispose() => _request.Dispose();

    internal static async Task<ParkedExchange<T>> StartAsync(ParkedRequest request, Func<Task<Task<T>>> callAsync)
    {
        var exchange = new ParkedExchange<T>(request, await callAsync());
        await request.Arrived;
        return exchange;
    }
}
