using System.Text;
using FluentAssertions;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Locking;
using TokenRefresh.TestKit;
using TokenRefresh.TestKit.Logins;
using TokenRefresh.Tests.Refresh;

namespace TokenRefresh.Tests.Locking;

/// <summary>
/// Pins name and bytes of the lock file, computed by another program: versions of this library that run side by side meet there. What
/// these tests say, <c>docs/lock-file.md</c> says in words.
/// </summary>
[FailureMode("F10")]
public sealed class LockFileContractTests : IDisposable
{
    private static readonly DateTimeOffset Moment = DateTimeOffset.FromUnixTimeMilliseconds(1767225600123);

    private const string Nonce = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";

    private readonly TempDirectory _directory = new();

    private static byte[] Record => """{"version":2}"""u8.ToArray();

    private string Path => System.IO.Path.Combine(_directory.Path, "lock");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_lock_file_is_a_sibling_of_the_target_with_a_fixed_suffix()
    {
        await using SharedLogin login = await SharedLogin.StartWithPastExpiryAsync();
        using var store = login.CreateStore();

        await login.CreateProvider().GetAccessTokenAsync(TestContext.Current.CancellationToken);

        store.LockPath.Should().Be(login.Path + ".tokenrefresh.lock");
        File.Exists(login.Path + ".tokenrefresh.lock").Should().BeTrue();
    }

    [Fact]
    public void The_holder_line_has_these_bytes()
    {
        var line = new byte[512];
        using SafeFileHandle file = NewFile();

        LockFileFormat.WriteHolder(line, 4711, "worker", "höst", Moment, Nonce);
        RandomAccess.Write(file, line, 0);

        Encoding.UTF8.GetString(line).Should().Be(
            """{"tokenrefresh":2,"pid":4711,"process":"worker","host":"höst","since":"2026-01-01T00:00:00.123Z","""
            + "\"nonce\":\"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\"}"
            + new string(' ', 512 - 141 - 1) + "\n");
        LockFileFormat.ReadHolder(file).Should().Be(new LockHolder(4711, "worker", "höst", Moment));
    }

    [Fact]
    public void A_line_without_a_holder_says_what_the_file_is()
    {
        var line = new byte[512];
        using SafeFileHandle file = NewFile();

        LockFileFormat.WriteNoHolder(line);
        RandomAccess.Write(file, line, 0);

        Encoding.UTF8.GetString(line).Should().Be("""{"tokenrefresh":2}""".PadRight(511) + "\n");
        LockFileFormat.ReadHolder(file).Should().BeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"tokenrefresh\":2,\"pid\":47")]
    [InlineData("{\"tokenrefresh\":2,\"pid\":\"4711\",\"process\":\"a\",\"host\":\"b\",\"since\":\"2026-01-01T00:00:00.123Z\"}")]
    [InlineData("{\"tokenrefresh\":2,\"pid\":4711,\"process\":\"a\",\"host\":\"b\",\"since\":\"yesterday\"}")]
    [InlineData("{\"pid\":4711,\"process\":\"a\",\"host\":\"b\",\"since\":\"2026-01-01T00:00:00.123Z\"}")]
    public void Anything_but_a_whole_line_names_no_holder(string text)
    {
        using SafeFileHandle file = NewFile();
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(text), 0);

        LockHolder? holder = LockFileFormat.ReadHolder(file);

        holder.Should().BeNull();
    }

    [Fact]
    public void Names_that_do_not_fit_are_cut_and_what_json_would_escape_is_replaced()
    {
        var line = new byte[512];
        using SafeFileHandle file = NewFile();
        string smileys = string.Concat(Enumerable.Repeat("\U0001F600", 50));

        LockFileFormat.WriteHolder(line, int.MaxValue, "a\"b\\c\n" + smileys, new string('\uFFFD', 300), Moment, Nonce);
        RandomAccess.Write(file, line, 0);

        LockFileFormat.ReadHolder(file).Should().Be(
            new LockHolder(int.MaxValue, "a_b_c_" + string.Concat(Enumerable.Repeat("\U0001F600", 17)), new string('\uFFFD', 84), Moment));
        line[511].Should().Be((byte)'\n');
    }

    [Fact]
    public void The_record_alternates_between_two_slots_with_these_bytes()
    {
        using SafeFileHandle file = NewFile();

        LockFileFormat.WriteRecord(file, Record, flush: true);
        LockFileFormat.WriteRecord(file, Record, flush: false);
        string first = Slot(file, 512);
        string second = Slot(file, 66_560);
        LockFileFormat.WriteRecord(file, Record, flush: false);

        first.Should().Be(SlotText("aa389ee97c626097", 1));
        second.Should().Be(SlotText("d8607f48e198345e", 2));
        Slot(file, 512).Should().Be(SlotText("60557fb0401c9be1", 3));
        LockFileFormat.ReadRecord(file).ToArray().Should().Equal(Record);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(13)]
    [InlineData(30)]
    [InlineData(43)]
    [InlineData(80)]
    [InlineData(95)]
    [InlineData(105)]
    public void A_slot_with_any_byte_changed_leaves_the_record_before_it(int offset)
    {
        using SafeFileHandle file = NewFile();
        LockFileFormat.WriteRecord(file, "the older"u8, flush: false);
        LockFileFormat.WriteRecord(file, Record, flush: false);

        RandomAccess.Write(file, "X"u8, 66_560 + offset);

        Encoding.UTF8.GetString(LockFileFormat.ReadRecord(file).Span).Should().Be("the older");
    }

    [Fact]
    public void A_write_that_was_cut_off_leaves_the_record_before_it_and_the_next_goes_over_it()
    {
        using SafeFileHandle file = NewFile();
        LockFileFormat.WriteRecord(file, "the older"u8, flush: false);
        LockFileFormat.WriteRecord(file, new byte[10_000], flush: false);
        RandomAccess.SetLength(file, 66_560 + 9_000);

        string torn = Encoding.UTF8.GetString(LockFileFormat.ReadRecord(file).Span);
        ulong next = LockFileFormat.WriteRecord(file, "the newer"u8, flush: false);

        torn.Should().Be("the older");
        next.Should().Be(2);
        Encoding.UTF8.GetString(LockFileFormat.ReadRecord(file).Span).Should().Be("the newer");
    }

    [Fact]
    public void A_record_of_64_KiB_fits_and_a_longer_one_is_refused()
    {
        var longest = new byte[65_536];
        Random.Shared.NextBytes(longest);
        using SafeFileHandle file = NewFile();
        LockFileFormat.WriteRecord(file, longest, flush: false);
        LockFileFormat.WriteRecord(file, longest, flush: false);
        LockFileFormat.WriteRecord(file, Record, flush: false);

        Action act = () => LockFileFormat.WriteRecord(file, new byte[65_537], flush: false);

        act.Should().Throw<ArgumentException>();
        LockFileFormat.ReadRecord(file).ToArray().Should().Equal(Record, "the longest in the other slot does not reach into this one");
        RandomAccess.GetLength(file).Should().Be(66_560 + 92 + 65_536 + 2);
    }

    private static void Put(byte[] bytes, int offset, string hex) => Convert.FromHexString(hex).CopyTo(bytes, offset);

    private static string SlotText(string checksum, int sequence) =>
        $$$"""{"checksum":"{{{checksum}}}","sequence":"0000000000000000000{{{sequence}}}","length":"0000"""
        + """13","record":{"version":2}}""" + "\n";

    private static string Slot(SafeFileHandle file, long offset)
    {
        var slot = new byte[92 + 13 + 2];
        RandomAccess.Read(file, slot, offset);
        return Encoding.UTF8.GetString(slot);
    }

    private SafeFileHandle NewFile() => File.OpenHandle(Path, FileMode.CreateNew, FileAccess.ReadWrite);
}
