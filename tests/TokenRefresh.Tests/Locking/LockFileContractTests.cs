using System.Text;
using FluentAssertions;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Endpoint;
using TokenRefresh.Locking;
using TokenRefresh.Record;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Coordination;

namespace TokenRefresh.Tests.Locking;

/// <summary>Pins name and bytes of the lock file, computed by another program: versions of this library that run side by side meet there. What these tests say, <c>docs/lock-file.md</c> says in words.</summary>
[FailureMode("F10")]
public sealed class LockFileContractTests : IDisposable
{
    private static readonly DateTimeOffset Moment = DateTimeOffset.FromUnixTimeMilliseconds(1767225600123);

    private readonly TempDirectory _directory = new();

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
    public void The_holder_block_has_these_bytes()
    {
        byte[] expected = new byte[512];
        Put(expected, 0, "54524C4B" + "0100" + "0000" + "67120000" + "00000000" + "7BA8DA769B010000");
        Put(expected, 24, "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF");
        Put(expected, 40, "0600" + "776F726B6572");
        Put(expected, 168, "0500" + "68C3B67374");
        Put(expected, 480, "A9FC9DBB80AEA03D411965BF11BAEF395D42B6A57DE42CED7A93BF0A57A1B20A");

        byte[] actual = new byte[512];
        HolderBlock.Write(actual, new LockHolder(4711, "worker", "höst", Moment), Convert.FromHexString("A0A1A2A3A4A5A6A7A8A9AAABACADAEAF"));

        HolderBlock.Offset.Should().Be(0);
        HolderBlock.Size.Should().Be(512);
        HolderBlock.NonceOffset.Should().Be(24);
        Convert.ToHexString(actual).Should().Be(Convert.ToHexString(expected));
        HolderBlock.Read(expected).Should().Be(new LockHolder(4711, "worker", "höst", Moment));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(100)]
    [InlineData(479)]
    [InlineData(480)]
    [InlineData(511)]
    public void A_holder_block_with_any_byte_changed_reads_as_nobody(int offset)
    {
        byte[] block = new byte[512];
        HolderBlock.Write(block, new LockHolder(4711, "worker", "host", Moment), new byte[16]);

        block[offset] ^= 1;

        HolderBlock.Read(block).Should().BeNull();
    }

    [Fact]
    public void A_name_too_long_for_its_field_is_cut_between_characters()
    {
        byte[] block = new byte[512];

        HolderBlock.Write(block, new LockHolder(1, new string('ö', 100), new string('h', 300), Moment), new byte[16]);

        HolderBlock.Read(block).Should().Be(new LockHolder(1, new string('ö', 63), new string('h', 254), Moment));
    }

    [Fact]
    public void The_record_alternates_between_two_slots_with_these_bytes()
    {
        byte[] record = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
        using SafeFileHandle file = File.OpenHandle(Path, FileMode.CreateNew, FileAccess.ReadWrite);

        RecordSlots.Write(file, record, flush: true);
        RecordSlots.Write(file, record, flush: false);
        byte[] first = Slot(file, 4096);
        byte[] second = Slot(file, 12288);
        RecordSlots.Write(file, record, flush: false);

        Convert.ToHexString(first).Should().Be(SlotText(1, "051799D299FB4250E7F3DEE81D1D5D607DB9BA79B6DB45F288DB526CEE84B257"));
        Convert.ToHexString(second).Should().Be(SlotText(2, "E9F1A9E71D86F1DA059710A561574A86ADE805E66FD54C8591B962DFFEE5ED14"));
        Convert.ToHexString(Slot(file, 4096)).Should().Be(SlotText(3, "57CCB62FE0D50B808CA0DAB14024D0986226296812FE413A3D94A2CC8B5579CC"));
        RecordSlots.Read(file).Should().Equal(record);
    }

    [Fact]
    public void A_torn_slot_leaves_the_record_before_it()
    {
        using SafeFileHandle file = File.OpenHandle(Path, FileMode.CreateNew, FileAccess.ReadWrite);
        RecordSlots.Write(file, "the older"u8, flush: false);
        RecordSlots.Write(file, "the newer"u8, flush: false);

        RandomAccess.Write(file, "X"u8, 12288 + 64 + 3);

        Encoding.UTF8.GetString(RecordSlots.Read(file)).Should().Be("the older");
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

    private static string SlotText(int sequence, string checksum) =>
        "54524D4D" + "0100" + "0000" + $"0{sequence}00000000000000" + "10000000" + new string('0', 24) + checksum + "0102030405060708090A0B0C0D0E0F10";

    private static byte[] Slot(SafeFileHandle file, long offset)
    {
        byte[] slot = new byte[64 + 16];
        RandomAccess.Read(file, slot, offset);
        return slot;
    }
}
