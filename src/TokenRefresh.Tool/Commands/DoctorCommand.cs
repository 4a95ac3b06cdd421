using System.CommandLine;
using Spectre.Console;
using TokenRefresh.Tool.Checks;
using TokenRefresh.Tool.Storage;

namespace TokenRefresh.Tool.Commands;

/// <summary>Looks for what keeps a login from working, and says what each finding means and the one thing to do.</summary>
internal static class DoctorCommand
{
    private const int LabelWidth = 24;

    internal static Command Create(ToolHost host)
    {
        var fix = new Option<bool>("--fix") { Description = "Does what is safe: takes rights from other users, removes orphaned locks." };
        var offline = new Option<bool>("--offline") { Description = "Asks no server." };
        var command = new Command("doctor", "Looks for what keeps the login from working. Refreshes nothing.") { fix, offline };
        command.SetProfileAction(
            host,
            async (parsed, profile, log) =>
            {
                TokenRefreshOptions options = profile.Options();
                CoordinatedTokenProvider tokens = profile.CreateProvider(log);
                var findings = new List<Finding>();
                await using (tokens.ConfigureAwait(false))
                {
                    TokenRefreshStatus status = await tokens.GetStatusAsync().ConfigureAwait(false);
                    IReadOnlyList<Finding> store = profile.OpenedStore is { } opened ? await opened.CheckAsync().ConfigureAwait(false) : [];

                    // Why it cannot be read is said once.
                    if (status.State != TokenRefreshState.Unreadable || store.All(finding => finding.Severity != Severity.Problem))
                    {
                        bool isOfFile = profile.Store.Kind == StoreKind.File;
                        TokenRefreshException? failure = isOfFile && status.State == TokenRefreshState.Unreadable
                            ? (await profile.ReadLoginAsync().ConfigureAwait(false)).Failure
                            : null;
                        bool isDamaged = failure is CredentialsFileException { IsDamaged: true };
                        Look(findings, "login", LoginChecks.Look(status, host.Time.GetUtcNow(), profile.Store.Kind, isDamaged));
                    }

                    findings.AddRange(store);
                    if (profile.OpenedStore is null)
                    {
                        Look(findings, "file", FileChecks.Look(status.Location));
                        Look(findings, "owner's lock", OwnerLockChecks.Look(options, host.Time));
                    }

                    Look(findings, "file", FileChecks.LookAtSecrets(profile));
                    Look(findings, "environment", EnvironmentChecks.Look(host, profile));
                }

                if (!parsed.GetValue(offline) && options.TokenEndpoint is { } endpoint)
                {
                    findings.AddRange(await EndpointChecks.LookAsync(endpoint, host.Time).ConfigureAwait(false));
                }

                return await ShowAsync(profile, findings, parsed.GetValue(fix), Screen.Of(host)).ConfigureAwait(false);
            });
        return command;
    }

    // A check that cannot look must not hide what the others find.
    private static void Look(List<Finding> findings, string check, IEnumerable<Finding> found)
    {
        try
        {
            findings.AddRange(found);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            findings.Add(Finding.Problem(check, e.Message, "Give this user access to it, or correct 'credentialsPath'."));
        }
    }

    private static async Task<string> FixAsync(Func<Task<string>> fix)
    {
        try
        {
            return await fix().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TokenRefreshException)
        {
            return $"not done: {e.Message}";
        }
    }

    private static async Task<int> ShowAsync(Profile profile, List<Finding> findings, bool fixes, Screen screen)
    {
        int problems = 0;
        foreach (Finding finding in findings)
        {
            (string mark, Color colour) = finding.Severity switch
            {
                Severity.Fine => ("ok", Color.Green),
                Severity.Note => ("note", Color.Yellow),
                _ => ("problem", Color.Red),
            };
            screen.Row($"{mark,-8} {finding.Check}", finding.Text, colour, LabelWidth);
            if (fixes && finding.Fix is { } fix)
            {
                screen.Row("fixed", await FixAsync(fix).ConfigureAwait(false), labelWidth: LabelWidth);
                continue;
            }

            problems += finding.Severity == Severity.Problem ? 1 : 0;
            if (finding.Act is { } act)
            {
                screen.Row("         do", profile.WithCommands(act), labelWidth: LabelWidth);
            }
        }

        screen.Line(problems == 0 ? "Nothing that must be put right." : $"{problems} to put right.");
        return problems == 0 ? ExitCode.Healthy : ExitCode.Failed;
    }
}
