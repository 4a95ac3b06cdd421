using System.Net;

namespace TokenRefresh.Http;

/// <summary>The body of a <see cref="CopiedContent"/>: sends it, copies what it sends, and sends the copy from then on.</summary>
internal sealed partial class BodyCopy
{
    private readonly HttpContent _inner;
    private readonly int _limit;
    private readonly object _lock = new();
    private readonly TaskCompletionSource _firstReturned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStarted;
    private volatile bool _isDropped;
    private volatile MemoryStream? _sent;

    internal BodyCopy(HttpContent inner, int limit, HttpContent outer)
    {
        _inner = inner;
        _limit = limit;
        long? length = inner.Headers.ContentLength;
        foreach ((string name, var values) in inner.Headers.NonValidated)
        {
            outer.Headers.TryAddWithoutValidation(name, values);
        }

        outer.Headers.ContentLength = length;
    }

    /// <summary>Gets whether the body can be sent again: all of it was copied, or none of it was read.</summary>
    /// <remarks>
    /// A body that a handler has read as a stream was copied at any length, and counts only within the limit. Ask when
    /// <see cref="Settled"/> has completed: over HTTP/2 an answer may come while a body is being serialized that needs nothing but the
    /// processor.
    /// </remarks>
    internal bool IsRepeatable => !_isStarted || _sent?.Length <= _limit;

    /// <summary>Gets a task that completes when the call that serializes the body has returned; its task may still wait for more.</summary>
    internal Task Settled => _isStarted ? _firstReturned.Task : Task.CompletedTask;

    /// <summary>Ends the copying of a body that is still on its way when the answer is there; it was sent without a copy, then.</summary>
    internal void DropIfIncomplete() => _isDropped = true;

    internal async Task SendAsync(Stream target, TransportContext? context, CancellationToken cancellationToken, long? limit = null)
    {
        var stream = new CopyingStream(this, target, limit ?? _limit);
        try
        {
            if (!TryBegin(stream, context, cancellationToken, out Task sending))
            {
                MemoryStream sent = _sent!;
                await target.WriteAsync(sent.GetBuffer().AsMemory(0, (int)sent.Length), cancellationToken).ConfigureAwait(false);
                return;
            }

            await sending.ConfigureAwait(false);
            Publish(stream);
        }
        catch
        {
            // The transport may take its stream back only when nothing writes to it any more.
            await stream.Written.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        await stream.Written.ConfigureAwait(false);
    }

    internal void Send(Stream target, TransportContext? context, CancellationToken cancellationToken, long? limit = null)
    {
        if (_sent is { } sent)
        {
            target.Write(sent.GetBuffer(), 0, (int)sent.Length);
            return;
        }

        var stream = new CopyingStream(this, target, limit ?? _limit);
        _isStarted = true;
        try
        {
            _inner.CopyTo(stream, context, cancellationToken);
            Publish(stream);
        }
        finally
        {
            _firstReturned.TrySetResult();
        }
    }

    /// <summary>
    /// Reads the body for a handler that wants to see it, and copies it at any length: what cannot be produced twice has yet to be sent.
    /// </summary>
    internal async Task<Stream> ReadAsync()
    {
        await SendAsync(Stream.Null, context: null, CancellationToken.None, long.MaxValue).ConfigureAwait(false);
        return Open();
    }

    /// <inheritdoc cref="ReadAsync"/>
    internal MemoryStream Read(CancellationToken cancellationToken)
    {
        Send(Stream.Null, context: null, cancellationToken, long.MaxValue);
        return Open();
    }

    internal bool TryGetLength(out long length)
    {
        MemoryStream? sent = _sent;
        length = sent?.Length ?? 0;
        return sent is not null;
    }

    /// <summary>Begins to serialize the body, unless there is a copy to send.</summary>
    private bool TryBegin(CopyingStream stream, TransportContext? context, CancellationToken cancellationToken, out Task sending)
    {
        sending = Task.CompletedTask;

        // A sending that was overtaken by its answer may begin beside the next one, and many contents are not made for two threads.
        lock (_lock)
        {
            if (_sent is not null)
            {
                return false;
            }

            _isStarted = true;
            try
            {
                stream.AheadThread = Environment.CurrentManagedThreadId;
                sending = _inner.CopyToAsync(stream, context, cancellationToken);
                stream.AheadThread = 0;
                if (sending.IsCompletedSuccessfully)
                {
                    Publish(stream);
                }

                return true;
            }
            finally
            {
                _firstReturned.TrySetResult();
            }
        }
    }

    // The first one stays: a length that was told is that of the body that follows.
    private void Publish(CopyingStream stream) => Interlocked.CompareExchange(ref _sent, stream.Copy, null);

    private MemoryStream Open()
    {
        MemoryStream sent = _sent!;
        return new MemoryStream(sent.GetBuffer(), 0, (int)sent.Length, writable: false);
    }
}
