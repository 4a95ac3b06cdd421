using Tmds.DBus.Protocol;

namespace TokenRefresh.Keychain.Linux;

/// <summary>A connection to the session bus, and the calls of the Secret Service over it.</summary>
/// <remarks>
/// The secret crosses the bus as it is (the algorithm <c>plain</c>): its socket is open to this user alone. No call has a time limit, and
/// none can be taken back.
/// </remarks>
internal sealed class SecretServiceSession : IDisposable
{
    /// <summary>The path by which the service says that there is no object.</summary>
    internal const string None = "/";

    private const string Service = "org.freedesktop.secrets";
    private const string ServicePath = "/org/freedesktop/secrets";
    private const string ServiceInterface = "org.freedesktop.Secret.Service";
    private const string CollectionInterface = "org.freedesktop.Secret.Collection";
    private const string ItemInterface = "org.freedesktop.Secret.Item";
    private const string PromptInterface = "org.freedesktop.Secret.Prompt";

    private readonly DBusConnection _connection;
    private string _path = None;

    private SecretServiceSession(string address) => _connection = new DBusConnection(address);

    private delegate void WriteBody(ref MessageWriter writer);

    public void Dispose() => _connection.Dispose();

    internal static async Task<SecretServiceSession> OpenAsync(string address)
    {
        var session = new SecretServiceSession(address);
        try
        {
            await session._connection.ConnectAsync().ConfigureAwait(false);
            session._path = await session.CallAsync(
                ServicePath,
                ServiceInterface,
                "OpenSession",
                "sv",
                static (ref MessageWriter writer) =>
                {
                    writer.WriteString("plain");
                    writer.WriteVariantString("");
                },
                static (message, _) =>
                {
                    Reader reader = message.GetBodyReader();
                    reader.ReadVariantValue();
                    return reader.ReadObjectPathAsString();
                }).ConfigureAwait(false);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Asks the bus for the process of the service.</summary>
    internal static async Task<int> FindProcessAsync(string address)
    {
        using var connection = new DBusConnection(address);
        await connection.ConnectAsync().ConfigureAwait(false);
        return await connection.CallMethodAsync(
            Question(), static (message, _) => (int)message.GetBodyReader().ReadUInt32()).ConfigureAwait(false);

        MessageBuffer Question()
        {
            const string Bus = "org.freedesktop.DBus";
            using MessageWriter writer = connection.GetMessageWriter();
            writer.WriteMethodCallHeader(Bus, "/org/freedesktop/DBus", Bus, "GetConnectionUnixProcessID", "s");
            writer.WriteString(Service);
            return writer.CreateMessage();
        }
    }

    internal Task<(string[] Unlocked, string[] Locked)> SearchAsync(KeychainItem item) => CallAsync(
        ServicePath,
        ServiceInterface,
        "SearchItems",
        "a{ss}",
        (ref MessageWriter writer) => WriteAttributes(ref writer, item, withSchema: false),
        static (message, _) =>
        {
            Reader reader = message.GetBodyReader();
            return (ReadPaths(ref reader), ReadPaths(ref reader));
        });

    internal Task<string> FindDefaultCollectionAsync() => CallAsync(
        ServicePath,
        ServiceInterface,
        "ReadAlias",
        "s",
        static (ref MessageWriter writer) => writer.WriteString("default"),
        ReadPath);

    internal Task<bool> IsLockedAsync(string collection) => CallAsync(
        collection,
        "org.freedesktop.DBus.Properties",
        "Get",
        "ss",
        static (ref MessageWriter writer) =>
        {
            writer.WriteString(CollectionInterface);
            writer.WriteString("Locked");
        },
        static (message, _) => message.GetBodyReader().ReadVariantValue().GetBool());

    internal Task<byte[]> GetSecretAsync(string item) => CallAsync(
        item,
        ItemInterface,
        "GetSecret",
        "o",
        (ref MessageWriter writer) => writer.WriteObjectPath(_path),
        static (message, _) =>
        {
            Reader reader = message.GetBodyReader();
            reader.AlignStruct();
            reader.ReadObjectPathAsSpan();
            reader.ReadArrayOfByte();
            return reader.ReadArrayOfByte();
        });

    internal Task SetSecretAsync(string item, ReadOnlyMemory<byte> content) => CallAsync(
        item,
        ItemInterface,
        "SetSecret",
        "(oayays)",
        (ref MessageWriter writer) => WriteSecret(ref writer, content.Span));

    /// <returns>The item, or <see cref="None"/> and a prompt.</returns>
    internal Task<(string Item, string Prompt)> CreateItemAsync(string collection, KeychainItem item, ReadOnlyMemory<byte> content) =>
        CallAsync(
            collection,
            CollectionInterface,
            "CreateItem",
            "a{sv}(oayays)b",
            (ref MessageWriter writer) =>
            {
                ArrayStart properties = writer.WriteDictionaryStart();
                writer.WriteDictionaryEntryStart();
                writer.WriteString(ItemInterface + ".Label");
                writer.WriteVariantString(item.Service);
                writer.WriteDictionaryEntryStart();
                writer.WriteString(ItemInterface + ".Attributes");
                writer.WriteSignature("a{ss}");
                WriteAttributes(ref writer, item, withSchema: true);
                writer.WriteDictionaryEnd(properties);
                WriteSecret(ref writer, content.Span);
                writer.WriteBool(true);
            },
            static (message, _) =>
            {
                Reader reader = message.GetBodyReader();
                return (reader.ReadObjectPathAsString(), reader.ReadObjectPathAsString());
            });

    /// <returns>A prompt, or <see cref="None"/>.</returns>
    internal Task<string> DeleteAsync(string item) => CallAsync(item, ItemInterface, "Delete", null, null, ReadPath);

    /// <summary>Unlocks an item or a collection.</summary>
    /// <returns>What is unlocked now, and a prompt or <see cref="None"/>.</returns>
    internal Task<(string[] Unlocked, string Prompt)> UnlockAsync(string path) => CallAsync(
        ServicePath,
        ServiceInterface,
        "Unlock",
        "ao",
        (ref MessageWriter writer) => writer.WriteArray(new ObjectPath[] { path }),
        static (message, _) =>
        {
            Reader reader = message.GetBodyReader();
            return (ReadPaths(ref reader), reader.ReadObjectPathAsString());
        });

    /// <summary>Shows a prompt to the user.</summary>
    /// <returns>Whether the user agreed.</returns>
    internal async Task<bool> PromptAsync(string prompt, CancellationToken cancellationToken)
    {
        var isDismissed = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        using IDisposable watch = await _connection.WatchSignalAsync(
            Service,
            prompt,
            PromptInterface,
            "Completed",
            static (message, _) => message.GetBodyReader().ReadBool(),
            (Notification<bool> completed) => isDismissed.TrySetResult(completed.IsCompletion || completed.Value),
            ObserverFlags.EmitOnConnectionClosed | ObserverFlags.EmitOnConnectionFailed | ObserverFlags.EmitOnOwnerChanged,
            emitOnCapturedContext: false).ConfigureAwait(false);
        await CallAsync(
            prompt, PromptInterface, "Prompt", "s", static (ref MessageWriter writer) => writer.WriteString("")).ConfigureAwait(false);
        try
        {
            return !await isDismissed.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await DismissAsync(prompt).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends a prompt, which the service would keep otherwise.</summary>
    internal async Task DismissAsync(string prompt)
    {
        try
        {
            await CallAsync(prompt, PromptInterface, "Dismiss", null, null).ConfigureAwait(false);
        }
        catch (DBusErrorReplyException)
        {
            // It has ended by itself.
        }
    }

    private static string ReadPath(Message message, object? state) => message.GetBodyReader().ReadObjectPathAsString();

    private static string[] ReadPaths(ref Reader reader) => [.. reader.ReadArrayOfObjectPath().Select(static path => path.ToString())];

    private static void WriteAttributes(ref MessageWriter writer, KeychainItem item, bool withSchema)
    {
        ArrayStart attributes = writer.WriteDictionaryStart();
        WriteAttribute(ref writer, "service", item.Service);
        WriteAttribute(ref writer, "account", item.Account);
        if (withSchema)
        {
            WriteAttribute(ref writer, "xdg:schema", "org.freedesktop.Secret.Generic");
        }

        writer.WriteDictionaryEnd(attributes);
    }

    private static void WriteAttribute(ref MessageWriter writer, string name, string value)
    {
        writer.WriteDictionaryEntryStart();
        writer.WriteString(name);
        writer.WriteString(value);
    }

    private void WriteSecret(ref MessageWriter writer, ReadOnlySpan<byte> content)
    {
        writer.WriteStructureStart();
        writer.WriteObjectPath(_path);
        writer.WriteArray(ReadOnlySpan<byte>.Empty);
        writer.WriteArray(content);
        writer.WriteString("text/plain");
    }

    private Task<bool> CallAsync(string path, string @interface, string member, string? signature, WriteBody? body) =>
        CallAsync(path, @interface, member, signature, body, static (_, _) => true);

    private Task<T> CallAsync<T>(
        string path, string @interface, string member, string? signature, WriteBody? body, MessageValueReader<T> read)
    {
        MessageWriter writer = _connection.GetMessageWriter();
        try
        {
            writer.WriteMethodCallHeader(Service, path, @interface, member, signature);
            body?.Invoke(ref writer);
            return _connection.CallMethodAsync(writer.CreateMessage(), read);
        }
        finally
        {
            writer.Dispose();
        }
    }
}
