using System.Globalization;
using System.Text.Json;

namespace TokenRefresh.Record;

/// <content>Writing.</content>
internal static partial class RecordJson
{
    /// <summary>Writes the record of one login in place of its former one; those of the other logins stay as they are, but where all take
    /// more than <paramref name="maximum"/> bytes, those that were written longest ago make room.</summary>
    internal static byte[] Write(ReadOnlySpan<byte> text, string login, LoginRecord record, int maximum)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { SkipValidation = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version"u8, Version);
            writer.WriteStartObject("logins"u8);
            writer.WritePropertyName(login);
            Write(writer, record);
            try
            {
                if (!text.IsEmpty)
                {
                    CopyOthers(writer, text, login, maximum);
                }
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // Not our text: there is nothing to keep.
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    // In their order, which is that of their last writes: what has no room is what was written longest ago.
    private static void CopyOthers(Utf8JsonWriter writer, ReadOnlySpan<byte> text, string login, int maximum)
    {
        var reader = new Utf8JsonReader(text);
        reader.Read();
        while (ReadMember(ref reader))
        {
            bool isLogins = reader.ValueTextEquals("logins"u8);
            reader.Read();
            if (!isLogins)
            {
                reader.Skip();
                continue;
            }

            while (ReadMember(ref reader))
            {
                string name = reader.GetString()!;
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                int length = (int)reader.BytesConsumed - start;
                if (name != login && writer.BytesCommitted + writer.BytesPending + name.Length * 6 + length + 8 <= maximum)
                {
                    writer.WritePropertyName(name);
                    writer.WriteRawValue(text.Slice(start, length), skipInputValidation: true);
                }
            }
        }
    }

    private static void Write(Utf8JsonWriter writer, LoginRecord record)
    {
        writer.WriteStartObject();
        writer.WriteString("origin"u8, record.Origin);
        writer.WriteNumber("sequence"u8, record.Sequence);
        if (record.File is not null)
        {
            writer.WriteString("file"u8, record.File);
        }

        if (record.Attempt is { } attempt)
        {
            writer.WriteStartObject("attempt"u8);
            WriteKey(writer, attempt.Key);
            WriteTime(writer, "at", attempt.At);
            writer.WriteNumber("count"u8, attempt.Count);
            writer.WriteEndObject();
        }

        if (record.Holds.Length > 0)
        {
            writer.WriteStartArray("holds"u8);
            foreach (Hold hold in record.Holds)
            {
                writer.WriteStartObject();
                writer.WriteString("kind"u8, Name(hold.Kind));
                WriteKey(writer, hold.Key);
                WriteTime(writer, "since", hold.Since);
                if (hold.Until is { } until)
                {
                    WriteTime(writer, "until", until);
                }

                writer.WriteNumber("count"u8, hold.Count);
                if (hold.Cause is not null)
                {
                    writer.WriteString("cause"u8, hold.Cause);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        if (record.Obtained.Length > 0)
        {
            writer.WriteStartArray("obtained"u8);
            foreach (ObtainedToken token in record.Obtained)
            {
                writer.WriteStartObject();
                writer.WriteString("accessToken"u8, token.AccessToken);
                WriteTime(writer, "at", token.At);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        if (record.Used.Length > 0)
        {
            writer.WriteStartArray("used"u8);
            foreach (string used in record.Used)
            {
                writer.WriteStringValue(used);
            }

            writer.WriteEndArray();
        }

        if (record.Restored is not null)
        {
            writer.WriteString("restored"u8, record.Restored);
        }

        writer.WriteEndObject();
    }

    private static void WriteKey(Utf8JsonWriter writer, RecordKey key)
    {
        writer.WriteString("refreshToken"u8, key.RefreshToken);
        writer.WriteString("accessToken"u8, key.AccessToken);
        writer.WriteString("client"u8, key.Client);
    }

    private static void WriteTime(Utf8JsonWriter writer, string name, DateTimeOffset time) =>
        writer.WriteString(name, time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));

    private static string Name(HoldKind kind) => kind switch
    {
        HoldKind.CoolDown => "coolDown",
        HoldKind.Rejected => "rejected",
        HoldKind.Unsaved => "unsaved",
        _ => "resourceRejects",
    };
}
