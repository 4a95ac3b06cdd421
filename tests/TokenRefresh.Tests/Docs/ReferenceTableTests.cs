using System.Collections;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Tests.Conventions;

namespace TokenRefresh.Tests.Docs;

/// <summary>The tables of docs/errors.md, docs/options.md and docs/diagnostics.md have all that the library has.</summary>
public sealed class ReferenceTableTests
{
    private const BindingFlags OwnInstance = BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly;
    private const BindingFlags AnyStatic = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly DocumentPage Options = new("docs/options.md");
    private static readonly DocumentPage Diagnostics = new("docs/diagnostics.md");

    [Theory]
    [InlineData(typeof(TokenRefreshOptions))]
    [InlineData(typeof(BearerTokenHandlerOptions))]
    public void The_options_table_has_every_option_with_its_default(Type type)
    {
        object options = Activator.CreateInstance(type)!;

        var rows = Options.Table($"`{type.Name}`, for", "option").Select(cells => (Name: cells[0], Default: cells[1]));

        rows.Should().BeEquivalentTo(
            type.GetProperties(OwnInstance).Select(property => (property.Name, Default: Words(property.GetValue(options)))));
    }

    [Fact]
    public void The_options_tables_say_range_and_consequence()
    {
        var rows = Options.Table("`TokenRefreshOptions`, for", "option")
            .Concat(Options.Table("`BearerTokenHandlerOptions`, for", "option"));

        rows.Should().OnlyContain(cells => cells.Length == 4 && cells.All(cell => cell.Length > 0));
    }

    [Fact]
    public void The_errors_table_has_every_exception_and_whether_it_is_transient()
    {
        var types = ProductTypes.Public.Where(type => type.IsSubclassOf(typeof(TokenRefreshException)));

        var rows = Readme.Errors.Table("# Errors", "exception").Select(cells => (Name: cells[0], Transient: cells[1]));

        rows.Should().BeEquivalentTo(types.Select(type => (type.Name, Transient: Create(type).IsTransient ? "yes" : "no")));
    }

    [Fact]
    public void The_log_table_has_every_event_with_id_and_level()
    {
        var messages = typeof(Log)
            .GetMethods(AnyStatic)
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>()
            .ToDictionary(message => message.EventId, message => message.Level);
        var ids = typeof(TokenRefreshEventIds).GetFields().Select(field => (Id: (int)field.GetRawConstantValue()!, field.Name));

        var rows = Diagnostics.Table("## Log events", "id").Select(cells => (Id: cells[0], Name: cells[1], Level: cells[2]));

        rows.Should().Equal(
            ids.OrderBy(id => id.Id).Select(id => (
                id.Id.ToString(CultureInfo.InvariantCulture),
                id.Name,
                messages.TryGetValue(id.Id, out LogLevel level) ? level.ToString() : "never logged")));
    }

    [Fact]
    public void The_metrics_table_has_every_instrument_with_its_unit()
    {
        var instruments = new HashSet<(string, string, string?)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == TokenRefreshDiagnostics.MeterName)
                {
                    lock (instruments)
                    {
                        instruments.Add((instrument.Name, instrument.GetType().Name.Split('`')[0], instrument.Unit));
                    }
                }
            },
        };
        var metrics = new TokenRefreshMetrics();
        metrics.SaveFailed();
        metrics.CallerJoined();
        TokenRefreshMetrics.RequestResent();
        listener.Start();

        var rows = Diagnostics.Table("## Metrics", "instrument").Select(cells => (cells[0], cells[1], (string?)cells[2]));

        lock (instruments)
        {
            rows.Should().BeEquivalentTo(instruments);
        }
    }

    [Fact]
    public void The_tables_have_every_outcome_and_every_activity()
    {
        var outcomes = Diagnostics.Table("## Metrics", "outcome").Select(cells => cells[0]);
        var activities = Diagnostics.Table("## Activities", "activity").Select(cells => cells[0]);

        outcomes.Should().BeEquivalentTo(Constants(typeof(RefreshOutcome)));
        activities.Should().BeEquivalentTo(Constants(typeof(TokenRefreshActivities)));
    }

    [Fact]
    public void The_events_table_has_every_callback()
    {
        var rows = Diagnostics.Table("## Callbacks", "event").Select(cells => cells[0]);

        rows.Should().BeEquivalentTo(typeof(TokenRefreshEvents).GetProperties(OwnInstance).Select(property => property.Name));
    }

    private static string Words(object? value) => value switch
    {
        null => "none",
        bool flag => flag ? "true" : "false",
        TimeSpan time when time.TotalMinutes >= 1 && time.Seconds == 0 => Words((long)time.TotalMinutes, "minute"),
        TimeSpan time => Words((long)time.TotalSeconds, "second"),
        CredentialsFileFormat format when ReferenceEquals(format, CredentialsFileFormat.Auto) => nameof(CredentialsFileFormat.Auto),
        TokenRefreshEvents events when events.GetType().GetProperties().All(property => property.GetValue(events) is null) =>
            "no callbacks",
        string text => text,
        IEnumerable items => items.Cast<object>().Any() ? "not empty" : "empty",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Words(long count, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {unit}{(count == 1 ? "" : "s")}");

    private static IEnumerable<string> Constants(Type type) =>
        type.GetFields(AnyStatic).Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!);

    private static TokenRefreshException Create(Type type)
    {
        ConstructorInfo constructor = type.GetConstructors().Single();
        object?[] arguments =
        [
            .. constructor.GetParameters().Select(
                parameter => parameter.ParameterType == typeof(string) ? "x"
                    : parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType)
                    : null),
        ];
        return (TokenRefreshException)constructor.Invoke(arguments);
    }
}
