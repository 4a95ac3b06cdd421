using TokenRefresh.Tests.Exploration.Model;

namespace TokenRefresh.Tests.Exploration;

/// <summary>
/// What is walked. A fault may happen or not, so a scenario with two kinds of faults holds those with one of them, and the one without.
/// </summary>
internal static class Scenarios
{
    private const string FirstAccessToken = "ours-access-1";

    // Longer than any path takes: a login that is lost all the same was lost by the product.
    private static readonly TimeSpan Window = TimeSpan.FromDays(1);

    internal static Scenario Expired { get; } = new("expired") { Processes = [[RefreshOnce], [RefreshOnce]], Requests = 1 };

    internal static Scenario ExpiredTwice { get; } = new("expired-twice") { Processes = [[RefreshTwice], [RefreshTwice]], Requests = 2 };

    internal static Scenario Rejected { get; } = new("rejected")
    {
        Processes = [[RefreshRejected], [RefreshRejected]],
        FirstLifetime = TimeSpan.FromHours(1),
        IsFirstTokenRejected = true,
        Requests = 1,
    };

    internal static Scenario RejectedByOne { get; } = Rejected with
    {
        Name = "rejected-by-one",
        Processes = [[RefreshRejected], [RefreshOnce]],
    };

    internal static Scenario TwoProviders { get; } = Expired with { Name = "two-providers", Processes = [[RefreshOnce, RefreshOnce]] };

    internal static Scenario LostAndKilled { get; } = Expired with
    {
        Name = "lost-killed",
        Faults = new() { LostAnswers = 1, Crashes = 1 },
    };

    internal static Scenario LostTwice { get; } = Expired with { Name = "lost-twice", Faults = new() { LostAnswers = 2 } };

    internal static Scenario TimedOut { get; } = Expired with { Name = "timed-out", Faults = new() { Timeouts = 1 } };

    internal static Scenario Slept { get; } = Expired with { Name = "slept", Faults = new() { Sleeps = 1 } };

    internal static Scenario RejectedLostAndKilled { get; } = RejectedByOne with
    {
        Name = "rejected-lost-killed",
        Faults = new() { LostAnswers = 1, Crashes = 1 },
    };

    internal static Scenario RefusedAndKilled { get; } = Expired with
    {
        Name = "refused-killed",
        Faults = new() { RefusedConnections = 1, Crashes = 1 },
    };

    internal static Scenario UnsavedAndKilled { get; } = Expired with
    {
        Name = "unsaved-killed",
        Processes = [[RefreshSaveRefresh], [RefreshOnce]],
        Faults = new() { FailedSaves = 1, Crashes = 1 },
        Requests = 2,
    };

    internal static Scenario Disposed { get; } = Expired with { Name = "disposed", Faults = new() { Disposals = 1 } };

    internal static Scenario Login { get; } = Expired with
    {
        Name = "login-unsaved",
        Processes = [[RefreshAndSave], [RefreshOnce]],
        Faults = new() { FailedSaves = 1 },
        ForeignWrites = [ForeignWrite.Login],
    };

    internal static Scenario Logout { get; } = Login with { Name = "logout-unsaved", ForeignWrites = [ForeignWrite.Logout] };

    internal static Scenario Rollback { get; } = Expired with
    {
        Name = "rollback",
        Processes = [[RefreshTwice], [RefreshOnce]],
        ForeignWrites = [ForeignWrite.Rollback],
        Requests = 2,
    };

    internal static Scenario Restored { get; } = Expired with
    {
        Name = "restored",
        Processes = [[RefreshThrice], [RefreshOnce]],
        ForeignWrites = [ForeignWrite.Backup, ForeignWrite.Restore],
        Requests = 3,
    };

    internal static Scenario PoorerRecord { get; } = Rollback with
    {
        Name = "poorer-record",
        Faults = new() { DeletedLockFiles = 1 },
    };

    internal static Scenario OwnLogin { get; } = Expired with { Name = "own-login", Processes = [[RefreshOnce], [Store]], Requests = null };

    internal static Scenario OwnLogout { get; } = Expired with
    {
        Name = "own-logout",
        Processes = [[RefreshOnce], [Remove]],
        Requests = null,
    };

    internal static Scenario LockFileDeleted { get; } = Expired with
    {
        Name = "lock-file-deleted",
        Faults = new() { DeletedLockFiles = 1 },
    };

    internal static Scenario ThreeProcesses { get; } = Expired with
    {
        Name = "three-processes",
        Processes = [[RefreshSaveRefresh], [RefreshSaveRefresh], [RefreshAndSave]],
        Faults = new() { LostAnswers = 1, Crashes = 1, FailedSaves = 1, RefusedConnections = 1, Disposals = 1 },
        Requests = 2,
    };

    internal static Scenario ThreeProcessesAndOtherPrograms { get; } = ThreeProcesses with
    {
        Name = "three-processes-and-other-programs",
        Faults = new() { DeletedLockFiles = 2 },
        ForeignWrites = [ForeignWrite.Logout, ForeignWrite.Login],
    };

    internal static Scenario TwoProvidersBesideTwoProcesses { get; } = Expired with
    {
        Name = "two-providers-beside-two-processes",
        Processes = [[RefreshTwice, RefreshTwice], [RefreshTwice], [RefreshTwice]],
        Requests = 2,
    };

    internal static Scenario WithWindow(this Scenario scenario) =>
        scenario with { Name = $"{scenario.Name}-window", ServerReuseWindow = Window };

    internal static Task RefreshOnce(ModelProvider provider) => provider.GetTokenAsync();

    internal static async Task RefreshTwice(ModelProvider provider)
    {
        await provider.GetTokenAsync();
        await provider.PassAsync(2 * ModelServer.AccessTokenLifetime);
        await provider.GetTokenAsync();
    }

    private static async Task RefreshThrice(ModelProvider provider)
    {
        await RefreshTwice(provider);
        await provider.PassAsync(2 * ModelServer.AccessTokenLifetime);
        await provider.GetTokenAsync();
    }

    private static Task RefreshRejected(ModelProvider provider) => provider.GetTokenAsync(FirstAccessToken);

    private static async Task RefreshAndSave(ModelProvider provider)
    {
        await provider.GetTokenAsync();
        await provider.SavePendingAsync();
    }

    private static async Task RefreshSaveRefresh(ModelProvider provider)
    {
        await RefreshAndSave(provider);
        await provider.PassAsync(2 * ModelServer.AccessTokenLifetime);
        await RefreshAndSave(provider);
    }

    private static Task Store(ModelProvider provider) =>
        provider.StoreAsync(provider.World.Server.Issue("theirs", predecessor: null, ModelServer.AccessTokenLifetime));

    private static Task Remove(ModelProvider provider) => provider.RemoveAsync();
}
