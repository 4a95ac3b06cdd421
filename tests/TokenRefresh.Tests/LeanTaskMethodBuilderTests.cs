using System.Runtime.CompilerServices;
using FluentAssertions;

namespace TokenRefresh.Tests;

/// <summary>A method with this builder behaves as one with the runtime's.</summary>
public sealed class LeanTaskMethodBuilderTests
{
    private static readonly AsyncLocal<string?> Ambient = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task The_result_comes_however_often_the_method_suspends(int times)
    {
        var gates = Enumerable.Range(0, times).Select(_ => new TaskCompletionSource<int>()).ToArray();

        Task<int> sum = SumAsync(gates.Select(gate => gate.Task));

        sum.IsCompleted.Should().Be(times == 0);
        for (var i = 0; i < times; i++)
        {
            gates[i].SetResult(i + 1);
        }

        (await sum).Should().Be(Enumerable.Range(1, times).Sum());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_exception_is_the_very_one_that_was_thrown(bool suspends)
    {
        var failure = new InvalidDataException("thrown");

        Task<int> task = ThrowAsync(failure, suspends);

        (await task.Awaiting(t => t).Should().ThrowAsync<InvalidDataException>()).Which.Should().BeSameAs(failure);
        task.IsFaulted.Should().BeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancelled_method_leaves_a_cancelled_task(bool suspends)
    {
        var cancelled = new CancellationToken(canceled: true);

        Task<int> task = ThrowAsync(new OperationCanceledException(cancelled), suspends);

        (await task.Awaiting(t => t).Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken.Should().Be(cancelled);
        task.IsCanceled.Should().BeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_callers_context_flows_in_over_each_await_and_no_change_of_it_flows_out(bool suspends)
    {
        Ambient.Value = "caller's";
        var gate = new TaskCompletionSource<int>();

        Task<string?[]> seen = ReadAmbientAsync(suspends ? gate.Task : Task.FromResult(1));

        Ambient.Value.Should().Be("caller's");
        await SetWithAnotherContextAsync(gate);
        (await seen).Should().Equal("caller's", "method's", "method's");
        Ambient.Value.Should().Be("caller's");
    }

    [Fact]
    public async Task Without_a_flow_of_the_context_the_method_goes_on()
    {
        var gate = new TaskCompletionSource<int>();
        Task<int> sum;
        using (ExecutionContext.SuppressFlow())
        {
            sum = SumAsync([gate.Task]);
        }

        gate.SetResult(4);

        (await sum).Should().Be(4);
    }

    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    private static async Task<int> SumAsync(IEnumerable<Task<int>> numbers)
    {
        var sum = 0;
        foreach (Task<int> number in numbers)
        {
            sum += await number.ConfigureAwait(false);
        }

        return sum;
    }

    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    private static async Task<int> ThrowAsync(Exception failure, bool suspends)
    {
        if (suspends)
        {
            await Task.Yield();
        }

        throw failure;
    }

    [AsyncMethodBuilder(typeof(LeanTaskMethodBuilder<>))]
    private static async Task<string?[]> ReadAmbientAsync(Task awaited)
    {
        string? first = Ambient.Value;
        Ambient.Value = "method's";
        string? second = Ambient.Value;
        await awaited.ConfigureAwait(false);
        return [first, second, Ambient.Value];
    }

    private static Task SetWithAnotherContextAsync(TaskCompletionSource<int> gate) => Task.Run(() =>
    {
        Ambient.Value = "another's";
        gate.TrySetResult(1);
        Ambient.Value.Should().Be("another's");
    });
}
