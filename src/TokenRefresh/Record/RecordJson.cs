using System.Globalization;
using System.Text.Json;

namespace TokenRefresh.Record;

/// <summary>The text of the coordination record. A versioned contract, see <c>docs/lock-file.md</c>.</summary>
/// <remarks>
/// <c>{"version":2,"logins":{"claudeAiOauth":{…},…}}</c>: one member for each login of the document, so that several logins may share
/// one file. Read and written by hand: a serializer costs a fresh process hundreds of compiled methods.
/// </remarks>
internal static partial class RecordJson
{
    internal const int Version = 2;

    /// <summary>Reads what is noted of one login. What cannot be understood reads as empty, never as an error.</summary>
    internal static LoginRecord Read(ReadOnlySpan<byte> text, string login)
    {
        try
        {
            return text.IsEmpty ? LoginRecord.Empty : ReadRoot(text, login);
        }
        catch (Exception e) when (
            e is JsonException or FormatException or InvalidOperationException or ArgumentException or OverflowException)
        {
            // The checksum was right, so another program wrote this.
            return LoginRecord.Empty;
        }
    }

    private static LoginRecord ReadRoot(ReadOnlySpan<byte> text, string login)
    {
        LoginRecord record = LoginRecord.Empty;
        var reader = new Utf8JsonReader(text);
        reader.Read();
        while (ReadMember(ref reader))
        {
            if (reader.ValueTextEquals("version"u8))
            {
                reader.Read();
                if (reader.GetInt32() is var version and > Version)
                {
                    return new LoginRecord { NewerVersion = version };
                }
            }
            else if (reader.ValueTextEquals("logins"u8))
            {
                reader.Read();
                while (ReadMember(ref reader))
                {
                    bool isOurs = reader.ValueTextEquals(login);
                    reader.Read();
                    if (isOurs)
                    {
                        record = ReadLogin(ref reader);
                    }
                    else
                    {
                        reader.Skip();
                    }
                }
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return record;
    }

    private static LoginRecord ReadLogin(ref Utf8JsonReader reader)
    {
        string? origin = null;
        string? file = null;
        string? restored = null;
        long sequence = 0;
        Attempt? attempt = null;
        var holds = new List<Hold>();
        var obtained = new List<ObtainedToken>();
        var used = new List<string>();
        while (ReadMember(ref reader))
        {
            string name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "origin":
                    origin = reader.GetString();
                    break;
                case "sequence":
                    sequence = reader.GetInt64();
                    break;
                case "file":
                    file = reader.GetString();
                    break;
                case "restored":
                    restored = reader.GetString();
                    break;
                case "attempt":
                    attempt = ReadEntry(ref reader).ToAttempt();
                    break;
                case "holds":
                    while (ReadElement(ref reader))
                    {
                        if (ReadEntry(ref reader).ToHold() is { } hold)
                        {
                            holds.Add(hold);
                        }
                    }

                    break;
                case "obtained":
                    while (ReadElement(ref reader))
                    {
                        obtained.Add(ReadEntry(ref reader).ToObtained());
                    }

                    break;
                case "used":
                    while (ReadElement(ref reader))
                    {
                        used.Add(reader.GetString()!);
                    }

                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new LoginRecord
        {
            Origin = origin,
            Sequence = sequence,
            File = file,
            Restored = restored,
            Attempt = attempt,
            Holds = holds.ToArray(),
            Obtained = obtained.ToArray(),
            Used = used.ToArray(),
        };
    }

    private static Entry ReadEntry(ref Utf8JsonReader reader)
    {
        var entry = new Entry();
        while (ReadMember(ref reader))
        {
            string name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "kind":
                    entry.Kind = reader.GetString();
                    break;
                case "refreshToken":
                    entry.RefreshToken = reader.GetString()!;
                    break;
                case "accessToken":
                    entry.AccessToken = reader.GetString()!;
                    break;
                case "client":
                    entry.Client = reader.GetString()!;
                    break;
                case "at" or "since":
                    entry.At = ReadTime(ref reader);
                    break;
                case "until":
                    entry.Until = ReadTime(ref reader);
                    break;
                case "count":
                    entry.Count = reader.GetInt32();
                    break;
                case "cause":
                    entry.Cause = reader.GetString();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return entry;
    }

    private static bool ReadMember(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    private static bool ReadElement(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType != JsonTokenType.EndArray;

    private static DateTimeOffset ReadTime(ref Utf8JsonReader reader) =>
        DateTimeOffset.ParseExact(reader.GetString()!, "O", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    /// <summary>The members that an attempt, a hold and an obtained token are made of.</summary>
    private sealed class Entry
    {
        internal string? Kind;

        internal string RefreshToken = "";

        internal string AccessToken = "";

        internal string Client = "";

        internal DateTimeOffset At;

        internal DateTimeOffset? Until;

        internal int Count = 1;

        internal string? Cause;

        internal Attempt ToAttempt() => new(Key, At, Count);

        internal ObtainedToken ToObtained() => new(AccessToken, At);

        internal Hold? ToHold()
        {
            HoldKind? kind = Kind switch
            {
                "coolDown" => HoldKind.CoolDown,
                "rejected" => HoldKind.Rejected,
                "unsaved" => HoldKind.Unsaved,
                "resourceRejects" => HoldKind.ResourceRejects,
                _ => null,
            };
            return kind is { } known ? new Hold(known, Key, At, Until, Count) { Cause = Cause } : null;
        }

        private RecordKey Key => new(RefreshToken, AccessToken, Client);
    }
}
