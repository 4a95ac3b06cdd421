using System.Buffers.Binary;
using System.Collections.Immutable;
using TokenRefresh.Endpoint;

namespace TokenRefresh.Record;

/// <summary>The bytes of a coordination record: fixed offsets, little-endian, fingerprints big-endian. A versioned contract, see <c>docs/lock-file.md</c>.</summary>
internal static class CoordinationRecordFormat
{
    internal const int Size = 512;
    internal const ushort Version = 1;

    private const int AttemptOffset = 16;
    private const int DeadOffset = 96;
    private const int CoolDownOffset = 160;
    private const int PendingOffset = 240;
    private const int ObtainedOffset = 312;
    private const int ConsumedOffset = 360;

    // Why a pair is dead.
    private const int AfterUnknownOutcome = 1;
    private const int IsOtherAccount = 2;

    [Flags]
    private enum Notes : ushort
    {
        None = 0,
        Attempt = 1,
        Dead = 2,
        CoolDown = 4,
        Pending = 8,
        Obtained = 16,
    }

    internal static byte[] Write(CoordinationRecord record)
    {
        var bytes = new byte[Size];
        Span<byte> span = bytes;
        var notes = Notes.None;
        if (record.Attempt is { } attempt)
        {
            notes |= Notes.Attempt;
            Span<byte> at = span[AttemptOffset..];
            attempt.Key.Write(at);
            WriteTime(at[48..], attempt.At);
            attempt.BootId.TryWriteBytes(at[56..]);
            BinaryPrimitives.WriteInt32LittleEndian(at[72..], attempt.Count);
        }

        if (record.Dead is { } dead)
        {
            notes |= Notes.Dead;
            Span<byte> at = span[DeadOffset..];
            dead.Key.Write(at);
            WriteTime(at[48..], dead.At);
            at[56] = (byte)((dead.AfterUnknownOutcome ? AfterUnknownOutcome : 0) | (dead.IsOtherAccount ? IsOtherAccount : 0));
        }

        if (record.CoolDown is { } coolDown)
        {
            notes |= Notes.CoolDown;
            Span<byte> at = span[CoolDownOffset..];
            coolDown.Key.Write(at);
            WriteTime(at[48..], coolDown.Start);
            WriteTime(at[56..], coolDown.End);
            BinaryPrimitives.WriteInt32LittleEndian(at[64..], coolDown.Failures);
            at[68] = (byte)coolDown.Outcome;
        }

        if (record.Pending is { } pending)
        {
            notes |= Notes.Pending;
            Span<byte> at = span[PendingOffset..];
            pending.Consumed.Write(at);
            WriteTime(at[16..], pending.RenewedAt);
            pending.BootId.TryWriteBytes(at[24..]);
            BinaryPrimitives.WriteInt32LittleEndian(at[40..], pending.ProcessId);
        }

        if (record.Obtained is { } obtained)
        {
            notes |= Notes.Obtained;
            Span<byte> at = span[ObtainedOffset..];
            obtained.AccessToken.Write(at);
            WriteTime(at[16..], obtained.At);
            BinaryPrimitives.WriteInt64LittleEndian(at[24..], (long)obtained.Restraint.TotalMilliseconds);
        }

        int consumed = Math.Min(record.Consumed.Length, CoordinationRecord.ConsumedCapacity);
        BinaryPrimitives.WriteInt32LittleEndian(span[ConsumedOffset..], consumed);
        for (var i = 0; i < consumed; i++)
        {
            record.Consumed[i].Write(span[(ConsumedOffset + 8 + (i * Fingerprint.Size))..]);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(span, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(span[2..], (ushort)notes);
        return bytes;
    }

    /// <summary>Reads a record; anything it does not understand is an empty one, never an error.</summary>
    internal static CoordinationRecord Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Size || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != Version)
        {
            return CoordinationRecord.Empty;
        }

        var notes = (Notes)BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        try
        {
            return new CoordinationRecord
            {
                Attempt = notes.HasFlag(Notes.Attempt) ? ReadAttempt(bytes[AttemptOffset..]) : null,
                Dead = notes.HasFlag(Notes.Dead) ? ReadDead(bytes[DeadOffset..]) : null,
                CoolDown = notes.HasFlag(Notes.CoolDown) ? ReadCoolDown(bytes[CoolDownOffset..]) : null,
                Pending = notes.HasFlag(Notes.Pending) ? ReadPending(bytes[PendingOffset..]) : null,
                Obtained = notes.HasFlag(Notes.Obtained) ? ReadObtained(bytes[ObtainedOffset..]) : null,
                Consumed = ReadConsumed(bytes[ConsumedOffset..]),
            };
        }
        catch (ArgumentOutOfRangeException)
        {
            // A time beyond the calendar: the checksum was right, so another program wrote this.
            return CoordinationRecord.Empty;
        }
    }

    private static AttemptNote ReadAttempt(ReadOnlySpan<byte> at) =>
        new(RecordKey.Read(at), ReadTime(at[48..]), new Guid(at.Slice(56, 16)), BinaryPrimitives.ReadInt32LittleEndian(at[72..]));

    private static DeadNote ReadDead(ReadOnlySpan<byte> at) => new(RecordKey.Read(at), ReadTime(at[48..]), (at[56] & AfterUnknownOutcome) != 0, (at[56] & IsOtherAccount) != 0);

    private static CoolDownNote ReadCoolDown(ReadOnlySpan<byte> at) => new(
        RecordKey.Read(at),
        ReadTime(at[48..]),
        ReadTime(at[56..]),
        (TokenEndpointOutcome)at[68],
        BinaryPrimitives.ReadInt32LittleEndian(at[64..]));

    private static PendingNote ReadPending(ReadOnlySpan<byte> at) =>
        new(Fingerprint.Read(at), ReadTime(at[16..]), new Guid(at.Slice(24, 16)), BinaryPrimitives.ReadInt32LittleEndian(at[40..]));

    private static ObtainedNote ReadObtained(ReadOnlySpan<byte> at) =>
        new(Fingerprint.Read(at), ReadTime(at[16..]), TimeSpan.FromMilliseconds(Math.Clamp(BinaryPrimitives.ReadInt64LittleEndian(at[24..]), 0, int.MaxValue)));

    private static ImmutableArray<Fingerprint> ReadConsumed(ReadOnlySpan<byte> at)
    {
        int count = Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(at), 0, CoordinationRecord.ConsumedCapacity);
        var consumed = new Fingerprint[count];
        for (var i = 0; i < count; i++)
        {
            consumed[i] = Fingerprint.Read(at[(8 + (i * Fingerprint.Size))..]);
        }

        return [.. consumed];
    }

    private static void WriteTime(Span<byte> at, DateTimeOffset time) => BinaryPrimitives.WriteInt64LittleEndian(at, time.ToUnixTimeMilliseconds());

    private static DateTimeOffset ReadTime(ReadOnlySpan<byte> at) => DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(at));
}
