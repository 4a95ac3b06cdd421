using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration;

/// <summary>
/// A write of another program that knows nothing of the lock; it happens once, at any point where it is possible, or never.
/// </summary>
/// <param name="Text">For the printed schedule.</param>
/// <param name="IsPossible">When.</param>
/// <param name="Content">What it leaves in the file.</param>
/// <param name="Then">What else it does.</param>
internal sealed record ForeignWrite(
    string Text, Func<World, bool> IsPossible, Func<World, OAuthCredentials?> Content, Action<World>? Then = null)
{
    internal static ForeignWrite Login { get; } = new(
        "stores another login", _ => true, world => world.Server.Issue("theirs", predecessor: null, ModelServer.AccessTokenLifetime));

    internal static ForeignWrite Logout { get; } = new("deletes the file", world => world.File.Content is not null, _ => null);

    internal static ForeignWrite Rollback { get; } = new(
        "puts the first file back", world => !OAuthCredentials.AreSameLogin(world.First, world.File.Content), world => world.First);

    /// <summary>Gets the copy of credentials and lock file that <see cref="Restore"/> puts back, once there was a save.</summary>
    internal static ForeignWrite Backup { get; } = new(
        "copies the whole directory", Rollback.IsPossible, world => world.File.Content, world => world.BackUp());

    internal static ForeignWrite Restore { get; } = new(
        "puts the whole directory back",
        world => world.Backup is { } backup && !OAuthCredentials.AreSameLogin(backup, world.File.Content),
        world => world.Backup,
        world => world.RestoreLockFile());
}
