using System.Reflection;
using FluentAssertions;

namespace TokenRefresh.Tests.Contracts;

/// <summary>Each conformance test fails for a store that does wrong what the test is about: a check that cannot fail is none.</summary>
public sealed class ConformanceFaultTests
{
    private static readonly MethodInfo[] Conformance =
        [.. typeof(CredentialsStoreConformanceTests).GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null)];

    // The tests of processes have their faults below.
    public static TheoryData<StoreFault, string> Faults => new()
    {
        { StoreFault.LeaseExcludesNobody, "Two_instances_on_one_medium_exclude_each_other" },
        { StoreFault.LeaseExcludesNobody, "One_instance_excludes_itself" },
        { StoreFault.LeaseExcludesNobody, "Every_waiter_is_granted_the_lease_in_turn_and_never_two_at_once" },
        { StoreFault.LeaseIsNeverGivenBack, "A_lease_is_granted_again_after_disposal" },
        { StoreFault.SecondDisposalGivesTheSuccessorBack, "Disposing_a_lease_twice_does_not_release_its_successor" },
        { StoreFault.ReleaseWakesNobody, "A_release_lets_a_waiter_go_on" },
        { StoreFault.TimeLimitIsIgnored, "Waiting_for_a_lease_ends_with_nothing_when_the_time_is_over" },
        { StoreFault.OnlyOneTryIsMade, "Waiting_for_a_lease_ends_with_nothing_when_the_time_is_over" },
        { StoreFault.TimedOutWaitGoesOn, "A_wait_that_timed_out_leaves_no_lease_behind" },
        { StoreFault.CancelledWaitGoesOn, "A_cancelled_wait_ends_at_once_and_leaves_no_lease_behind" },
        { StoreFault.CancellationEndsAllWaits, "Cancelling_one_waiter_leaves_the_others_waiting" },
        { StoreFault.CancelledCallBegins, "A_call_that_is_cancelled_before_it_starts_gets_no_lease" },
        { StoreFault.ReadsWaitForTheLease, "Everything_can_be_read_while_another_instance_holds_the_lease" },
        { StoreFault.HolderIsAnother, "The_holder_is_named_while_the_lease_is_held" },
        { StoreFault.SignInTakesTheLease, "The_right_to_sign_in_is_one_s_alone_and_not_the_lease" },
        { StoreFault.SignInExcludesNobody, "The_right_to_sign_in_is_one_s_alone_and_not_the_lease" },
        { StoreFault.ReadsAreCached, "Each_read_sees_what_another_instance_has_committed_since" },
        { StoreFault.NothingStoredIsALogout, "An_empty_medium_holds_no_login_no_record_and_no_holder" },
        { StoreFault.CommitStoresNothing, "A_committed_login_is_read_by_every_instance_with_and_without_a_lease" },
        { StoreFault.CommitStoresNothing, "A_commit_replaces_what_it_expects" },
        { StoreFault.CommitStoresNothing, "Two_providers_that_meet_an_expired_token_refresh_once" },
        { StoreFault.CommitComparesNothing, "A_commit_that_expects_another_login_changes_nothing_and_tells_what_is_there" },
        { StoreFault.CommitComparesNothing, "A_commit_that_expects_nothing_does_not_overwrite_a_login" },
        { StoreFault.CommitComparesNothing, "A_commit_that_expects_a_login_does_not_resurrect_a_removed_one" },
        { StoreFault.CommitComparesAccessTokens, "What_counts_as_expected_is_the_refresh_token_whatever_the_access_token" },
        { StoreFault.CommitComparesRefreshTokensOnly, "Without_refresh_tokens_the_access_token_is_what_is_compared" },
        { StoreFault.CommitDropsExpiryAndScope, "Expiry_scope_and_the_refresh_tokens_own_expiry_survive" },
        { StoreFault.CommitDropsExpiryAndScope, "The_key_to_which_the_tokens_are_bound_survives" },
        { StoreFault.CommitMakesUpAnExpiry, "An_unknown_expiry_stays_unknown" },
        { StoreFault.CommitDropsUnknownData, "A_commit_keeps_what_the_store_does_not_know" },
        { StoreFault.CommitIsOnceALease, "One_lease_can_commit_more_than_once" },
        { StoreFault.RemovalIsIgnored, "Nothing_as_the_next_login_removes_the_stored_one" },
        { StoreFault.PreparationRemovesTheLogin, "The_preparation_comes_before_the_commit_and_changes_nothing" },
        { StoreFault.PreparationRemovesTheLogin, "A_preparation_that_no_commit_follows_leaves_the_login_alone" },
        { StoreFault.DamagedLoginIsNone, "A_login_that_cannot_be_read_is_an_error_and_stays_as_it_is" },
        { StoreFault.ErrorShowsWhatWasRead, "No_error_and_no_text_of_the_store_shows_a_token" },
        { StoreFault.ChangeIsNotTold, "A_commit_of_another_instance_completes_a_wait_for_change" },
        { StoreFault.ChangeIsToldToOne, "A_change_wakes_all_who_wait_for_it" },
        { StoreFault.CancelledWaitForChangeGoesOn, "A_cancelled_wait_for_change_ends_and_the_next_one_works" },
        { StoreFault.RecordIsCut, "A_record_is_read_as_it_was_written" },
        { StoreFault.RecordIsCut, "A_record_that_is_too_large_is_refused_and_the_old_one_stays" },
        { StoreFault.RecordEndsWithTheLogin, "The_last_record_counts_and_outlives_lease_and_login" },
        { StoreFault.RecordIsNotWritten, "A_login_that_is_put_back_is_known_to_be_used_and_not_presented" },
        { StoreFault.DamagedRecordIsAnError, "A_damaged_record_reads_as_empty_and_can_be_written_again" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_fails_the_test_that_is_about_it(StoreFault fault, string test)
    {
        (await RunAsync(new FaultyStoreTests(fault), test)).Should().NotBeNull().And.Match(failure => !IsSkip((Exception)failure!));
        (await RunAsync(new FaultyStoreTests(StoreFault.None), test)).Should().BeNull();
    }

    [Theory]
    [InlineData(typeof(LeaseThatOutlivesItsProcess), "A_lease_excludes_other_processes_and_ends_with_its_own")]
    [InlineData(typeof(CommitAtDisposal), "A_process_that_is_killed_as_it_commits_loses_no_commit_that_returned")]
    [InlineData(typeof(CommitOfNothing), "Processes_that_meet_an_expired_token_refresh_once")]
    public async Task A_fault_of_processes_fails_the_test_that_is_about_it(Type faulty, string test)
    {
        var tests = (CredentialsStoreConformanceTests)Activator.CreateInstance(faulty)!;

        Exception? failure = await RunAsync(tests, test);

        failure.Should().NotBeNull().And.Match(thrown => !IsSkip((Exception)thrown!));
    }

    [Fact]
    public void Each_conformance_test_has_a_fault()
    {
        string[] ofProcesses =
        [
            .. typeof(ConformanceFaultTests).GetMethod(nameof(A_fault_of_processes_fails_the_test_that_is_about_it))!
                .GetCustomAttributes<InlineDataAttribute>().Select(data => (string)data.Data[1]!),
        ];

        Faults.Select(row => row.Data.Item2).Concat(ofProcesses).Distinct()
            .Should().BeEquivalentTo(Conformance.Select(method => method.Name));
    }

    private static bool IsSkip(Exception failure) => failure.Message.StartsWith("$XunitDynamicSkip$", StringComparison.Ordinal);

    private static async Task<Exception?> RunAsync(CredentialsStoreConformanceTests tests, string test)
    {
        MethodInfo method = Conformance.Single(method => method.Name == test);
        object[]? arguments = method.GetParameters().Length == 0 ? null : [65_536];
        try
        {
            return await Xunit.Record.ExceptionAsync(() => (Task)method.Invoke(tests, arguments)!);
        }
        finally
        {
            await tests.DisposeAsync();
        }
    }

    private sealed class FaultyStoreTests(StoreFault fault) : CredentialsStoreConformanceTests
    {
        private readonly FaultyMedium _medium = new();

        protected override bool IsSharedByProcesses => false;

        protected override TimeSpan Patience => fault == StoreFault.None ? base.Patience : TimeSpan.FromSeconds(0.5);

        protected override ValueTask<ICredentialsStore> OpenStoreAsync(string medium) => new(new FaultyStore(_medium, fault));

        protected override ValueTask<Func<ValueTask<bool>>?> AddUnknownDataAsync(string medium)
        {
            _medium.HasUnknownData = true;
            return new(() => new(_medium.HasUnknownData));
        }

        protected override ValueTask<bool> TryDamageLoginAsync(string medium) => new(_medium.IsLoginDamaged = true);

        protected override ValueTask<bool> TryDamageRecordAsync(string medium) => new(_medium.IsRecordDamaged = true);
    }
}
