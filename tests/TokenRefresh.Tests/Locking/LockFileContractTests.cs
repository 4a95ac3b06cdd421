using System.Text;
using FluentAssertions;
using Microsoft.Win32.SafeHandles;
using TokenRefresh.Locking;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Refresh;

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
