using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace TokenRefresh;

/// <summary>
/// Makes the task of an async method that a fresh process runs at its first expiry. With the runtime's own builder each such method costs
/// about a dozen compiled ones: its generic methods are compiled for every state machine, and since they belong to the runtime, the
/// package cannot hold them precompiled. This one costs two.
/// </summary>
/// <remarks>
/// The task, exceptions, cancellation and the flow of the execution context are as the runtime's, but that a caller who suppressed that
/// flow sees what the method sets before its first await. A suspended method takes two objects more, so it is not for the way of each
/// request.
/// </remarks>
[SuppressMessage("Performance", "CA1822:Mark members as static", Justification = "The compiler calls them on an instance.")]
internal struct LeanTaskMethodBuilder<TResult>
{
    private AsyncTaskMethodBuilder<TResult> _result;
    private SuspendedMethod? _suspended;

    public Task<TResult> Task => _result.Task;

    public static LeanTaskMethodBuilder<TResult> Create() => default;

    [DebuggerStepThrough]
    public void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        // What the method changes of it before its first await stays inside.
        ExecutionContext? callers = ExecutionContext.Capture();
        stateMachine.MoveNext();
        if (callers is not null)
        {
            ExecutionContext.Restore(callers);
        }
    }

    public void SetStateMachine(IAsyncStateMachine stateMachine)
    {
        // Of older compilers.
    }

    public void SetResult(TResult result) => _result.SetResult(result);

    public void SetException(Exception exception) => _result.SetException(exception);

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine =>
        throw new NotSupportedException("Only for the awaiters of tasks.");

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine
    {
        if (_suspended is null)
        {
            // This builder is a field of the state machine, which is copied to the heap here: with both of these, once.
            _ = _result.Task;
            _suspended = new SuspendedMethod();
            _suspended.StateMachine = stateMachine;
        }

        _suspended.Context = ExecutionContext.Capture();
        awaiter.UnsafeOnCompleted(_suspended.Continue);
    }
}

/// <summary>A method that awaits, and what goes on with it. Of no generic type, so that one serves all.</summary>
internal sealed class SuspendedMethod
{
    internal readonly Action Continue;

    internal IAsyncStateMachine? StateMachine;

    internal ExecutionContext? Context;

    internal SuspendedMethod() => Continue = MoveNext;

    private void MoveNext()
    {
        // None where its flow is suppressed.
        if (Context is { } context)
        {
            ExecutionContext.Run(context, static method => ((SuspendedMethod)method!).StateMachine!.MoveNext(), this);
        }
        else
        {
            StateMachine!.MoveNext();
        }
    }
}
