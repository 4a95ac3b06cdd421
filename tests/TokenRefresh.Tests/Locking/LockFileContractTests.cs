using System.Text;
using FluentAssertions;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Endpoint;
using TokenRefresh.Locking;
using TokenRefresh.Record;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Coordination;

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
        await using SharedLogin login = await SharedLogin.StartExpiredAsync();
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

    [Fact]
    public void The_record_has_these_bytes()
    {
        var key = new RecordKey(Fingerprint.Of("refresh"), Fingerprint.Of("access"), Fingerprint.Of("client"));
        var boot = new Guid("00112233-4455-6677-8899-aabbccddeeff");
        var record = new CoordinationRecord
        {
            Attempt = new AttemptNote(key, Moment, boot, 2),
            Dead = new DeadNote(key, Moment, AfterUnknownOutcome: true),
            CoolDown = new CoolDownNote(key, Moment, Moment.AddMilliseconds(1), TokenEndpointOutcome.Throttled, 3),
            Pending = new PendingNote(Fingerprint.Of("refresh"), Moment, boot, 4711),
            Obtained = new ObtainedNote(Fingerprint.Of("access"), Moment, TimeSpan.FromSeconds(30)),
            Consumed = [Fingerprint.Of("spent"), Fingerprint.Of("refresh")],
        };
        const string Refresh = "D6CC0A088C07683C65CD266860CAB8D9";
        const string Access = "A0561FD649CDB6BAA784055F051BAD79";
        const string Key = Refresh + Access + "948FE603F61DC036B5C596DC09FE3CE3";
        const string At = "7BA8DA769B010000";
        const string Boot = "33221100554477668899AABBCCDDEEFF";
        byte[] expected = new byte[512];
        Put(expected, 0, "0100" + "1F00");
        Put(expected, 16, Key + At + Boot + "02000000");
        Put(expected, 96, Key + At + "01");
        Put(expected, 160, Key + At + "7CA8DA769B010000" + "03000000" + "03");
        Put(expected, 240, Refresh + At + Boot + "67120000");
        Put(expected, 312, Access + At + "3075000000000000");
        Put(expected, 360, "02000000" + "00000000" + "2705D83FA7BC32E9D64FBA9ACE3E0BE6" + Refresh);

        byte[] actual = CoordinationRecordFormat.Write(record);

        Convert.ToHexString(actual).Should().Be(Convert.ToHexString(expected));
        Convert.ToHexString(CoordinationRecordFormat.Write(CoordinationRecordFormat.Read(expected))).Should().Be(Convert.ToHexString(expected), "what is read is what was written");
    }

    [Theory]
    [InlineData(false, false, 0)]
    [InlineData(true, false, 1)]
    [InlineData(false, true, 2)]
    public void Why_a_pair_is_dead_is_told_by_flags(bool afterUnknownOutcome, bool isOtherAccount, byte expected)
    {
        var key = new RecordKey(Fingerprint.Of("refresh"), Fingerprint.Of("access"), Fingerprint.Of("client"));
        var record = new CoordinationRecord { Dead = new DeadNote(key, Moment, afterUnknownOutcome, isOtherAccount) };

        byte[] bytes = CoordinationRecordFormat.Write(record);

        bytes[96 + 56].Should().Be(expected);
        CoordinationRecordFormat.Read(bytes).Dead.Should().Be(record.Dead);
    }

    [Fact]
    public void The_numbers_of_the_outcomes_are_part_of_the_contract() =>
        Enum.GetValues<TokenEndpointOutcome>().Select(o => $"{(int)o} {o}").Should().Equal(
            "0 Succeeded", "1 RefreshTokenRejected", "2 RefreshTokenProbablyRejected", "3 Throttled", "4 NotSent", "5 Unavailable", "6 Misconfigured", "7 Unknown");

    [Fact]
    public void Another_version_and_garbage_read_as_an_empty_record()
    {
        byte[] other = CoordinationRecordFormat.Write(CoordinationRecord.Empty with { Consumed = [Fingerprint.Of("spent")] });
        other[0] = 2;
        byte[] garbage = new byte[512];
        Array.Fill(garbage, (byte)0x7F);
        garbage[0] = 1;
        garbage[1] = 0;

        CoordinationRecordFormat.Read(other).Should().Be(CoordinationRecord.Empty);
        CoordinationRecordFormat.Read(garbage).Should().Be(CoordinationRecord.Empty);
        CoordinationRecordFormat.Read(other.AsSpan(0, 100)).Should().Be(CoordinationRecord.Empty);
    }

    private static void Put(byte[] bytes, int offset, string hex) => Convert.FromHexString(hex).CopyTo(bytes, offset);

    private static string SlotText(string checksum, int sequence) =>
        $$$"""{"checksum":"{{{checksum}}}","sequence":"0000000000000000000{{{sequence}}}","length":"000013","record":{"version":2}}""" + "\n";

    private static string Slot(SafeFileHandle file, long offset)
    {
        var slot = new byte[92 + 13 + 2];
        RandomAccess.Read(file, slot, offset);
        return Encoding.UTF8.GetString(slot);
    }

    private SafeFileHandle NewFile() => File.OpenHandle(Path, FileMode.CreateNew, FileAccess.ReadWrite);
}
