using TokenRefresh.Record;
using TokenRefresh.Stores;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Migration;

/// <summary>One of the two stores, under its lease: what it holds, and what its record knows of that.</summary>
internal sealed class MoveSide(LoginStore opened, ICredentialsLease lease)
{
    private ReadOnlyMemory<byte> _text;
    private string _name = "";

    /// <summary>Gets what is stored, a sentinel too.</summary>
    internal OAuthCredentials? Stored { get; private set; }

    /// <summary>Gets the login; <see langword="null"/> if there is none.</summary>
    internal OAuthCredentials? Login => Stored is { IsSignedOut: false } login ? login : null;

    internal LoginRecord Record { get; private set; } = LoginRecord.Empty;

    /// <summary>Gets why nothing could be read although there is nothing: its removal was not noted.</summary>
    internal CredentialsFileException? Gone { get; private set; }

    internal LoginStore Opened => opened;

    internal ICredentialsLease Lease => lease;

    internal string Location => opened.Store.Location;

    internal async Task ReadAsync()
    {
        Gone = null;
        try
        {
            Stored = await lease.ReadAsync().ConfigureAwait(false);
        }
        catch (CredentialsFileException e) when (opened.IsGone(e))
        {
            (Stored, Gone) = (null, e);
        }

        _text = await opened.Store.ReadRecordAsync().ConfigureAwait(false);
        Use(Stored?.Login ?? "");
    }

    /// <summary>Takes the record for that of the login that was moved out of here.</summary>
    /// <returns>Whether there is one.</returns>
    internal bool FindMoved(OAuthCredentials moved)
    {
        if (MovedRecord.FindLogin(_text.Span, opened.Format, moved) is not { } name)
        {
            return false;
        }

        Use(name);
        return true;
    }

    /// <summary>Takes the record for that of a login that is not stored here yet.</summary>
    internal void Use(string name)
    {
        _name = name;
        Record = RecordJson.Read(_text.Span, name);
        if (Record.NewerVersion is { } version)
        {
            throw new ToolException(
                $"A newer version shares the login in '{Location}': its record has version '{version}', and this one knows version "
                + $"'{RecordJson.Version}'. Nothing was changed. Update this tool.");
        }
    }

    /// <summary>Writes the record, flushed.</summary>
    internal async Task WriteRecordAsync(LoginRecord record, DateTimeOffset now)
    {
        string origin = Record.Origin ?? $"{now.UtcTicks:x}-{Environment.ProcessId}";
        record = record.Numbered(origin, Math.Max(record.Sequence, Record.Sequence) + 1);
        byte[] text = RecordJson.Write(_text.Span, _name, record, RecordJournal.MaximumSize);
        await lease.WriteRecordAsync(text, durable: true).ConfigureAwait(false);
        (_text, Record) = (text, record);
    }

    /// <summary>Notes that there is nothing where something is missed.</summary>
    internal async Task ForgetGoneAsync()
    {
        if (Gone is not null && lease is IDamagedFileLease damaged)
        {
            await damaged.TryMoveAsideAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }
}
