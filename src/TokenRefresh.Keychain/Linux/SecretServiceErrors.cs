using Tmds.DBus.Protocol;

namespace TokenRefresh.Keychain.Linux;

/// <summary>What the errors of the bus and of the service mean.</summary>
internal static class SecretServiceErrors
{
    internal static KeychainException NoBus(Exception? cause = null) => new(
        KeychainFailure.Unavailable,
        "The session bus cannot be reached. Start the program in the user's session, or set 'DBUS_SESSION_BUS_ADDRESS'.",
        cause);

    internal static KeychainException Locked() => new(
        KeychainFailure.Locked,
        "The keyring is locked, and it could not be unlocked without asking its user. Unlock it, by a sign-in to the desktop for example, "
        + "or set 'AllowPrompt'.");

    internal static KeychainException Several() => new(
        KeychainFailure.Foreign,
        "Several items of the keyring have this service and account. Delete all but one, with Seahorse for example.");

    internal static KeychainException NoKeyring() => new(
        KeychainFailure.Unavailable, "The Secret Service has no default keyring. Create one, with Seahorse for example.");

    /// <summary>By the name of an error alone: what a service writes into its text is not known.</summary>
    internal static KeychainException Of(Exception cause) => cause is not DBusErrorReplyException { ErrorName: var name } ? NoBus(cause)
        : name switch
        {
            "org.freedesktop.Secret.Error.IsLocked" => Locked(),
            "org.freedesktop.DBus.Error.AccessDenied" or "org.freedesktop.DBus.Error.AuthFailed" => new(
                KeychainFailure.Denied, $"The Secret Service refused this program ('{name}'). Allow it to use the keyring."),
            "org.freedesktop.DBus.Error.LimitsExceeded" or "org.freedesktop.DBus.Error.NoMemory" => new(
                KeychainFailure.TooLarge,
                $"The Secret Service does not take an item of this size ('{name}'). Keep this login in the credentials file."),
            "org.freedesktop.DBus.Error.ServiceUnknown" or "org.freedesktop.DBus.Error.NameHasNoOwner"
                or "org.freedesktop.DBus.Error.NoReply" or "org.freedesktop.DBus.Error.Disconnected" => NoService(name),
            _ when name.StartsWith("org.freedesktop.DBus.Error.Spawn.", StringComparison.Ordinal) => NoService(name),
            _ => new(KeychainFailure.Failed, $"The Secret Service failed ('{name}'). Look into the log of its service."),
        };

    /// <summary>Whether the service forgot our session, or the object that was found a moment ago: it was started again.</summary>
    internal static bool IsStale(Exception e) => e switch
    {
        DBusConnectFailedException => false,
        DBusErrorReplyException reply => reply.ErrorName
            is "org.freedesktop.Secret.Error.NoSession"
            or "org.freedesktop.Secret.Error.NoSuchObject"
            or "org.freedesktop.DBus.Error.UnknownObject"
            or "org.freedesktop.DBus.Error.UnknownMethod",
        _ => e is DBusConnectionException,
    };

    private static KeychainException NoService(string name) => new(
        KeychainFailure.Unavailable, $"No Secret Service answers on the session bus ('{name}'). Start one, gnome-keyring for example.");
}
