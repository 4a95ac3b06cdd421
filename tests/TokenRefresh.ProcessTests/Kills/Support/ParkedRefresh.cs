using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests.Kills;

/// <summary>A refresh of a child process that stands still at a moment. Disposal lets its request go.</summary>
internal sealed class ParkedRefresh : IDisposable
{
    private readonly ChildProcess _child;
    private readonly ParkedRequest? _request;
    private readonly Task<string> _reply;

    private ParkedRefresh(ChildProcess child, ParkedRequest? request, Task<string> reply) =>
        (_child, _request, _reply) = (child, request, reply);

    /// <summary>
    /// Makes a provider in the child, begins the refresh of its expired token, or of a valid one that it then calls rejected, and waits
    /// until that is there.
    /// </summary>
    internal static async Task<ParkedRefresh> StartAsync(
        ChildProcess child,
        SharedLogin login,
        string moment,
        string settings,
        bool isRejection = false)
    {
        bool isAtServer = moment is Moment.Sent or Moment.Processed;
        await child.RunAsync(login.CreateCommand(isAtServer ? settings : $"{settings} park={moment}"));
        if (isRejection)
        {
            await child.RunAsync("get");
        }

        ParkedRequest? request = isAtServer
            ? login.Server.ParkNextTokenRequest(moment == Moment.Sent ? ParkPoint.BeforeProcessing : ParkPoint.AfterProcessing)
            : null;
        Task<string> reply = await child.StartCommandAsync(isRejection ? "refresh last" : "get");
        if (request is not null)
        {
            await request.Arrived;
        }
        else
        {
            await child.ExpectAsync("reached");
        }

        return new ParkedRefresh(child, request, reply);
    }

    /// <summary>Kills the child where it is. Its request, if it still waits in the server, is dropped.</summary>
    internal async Task KillAsync()
    {
        await _child.KillAsync();
        _request?.Drop();
    }

    /// <summary>Lets the refresh go on.</summary>
    /// <returns>The child's reply.</returns>
    internal async Task<string> FinishAsync()
    {
        if (_request is not null)
        {
            _request.Release();
        }
        else
        {
            await _child.RunAsync("pass");
        }

        return await _reply;
    }

    public void Dispose() => _request?.Dispose();
}
