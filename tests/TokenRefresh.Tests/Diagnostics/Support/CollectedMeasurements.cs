using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Tests.Diagnostics;

/// <summary>
/// A meter factory of its own and what is measured on its meters, so that tests that run at the same time do not see each other.
/// </summary>
internal sealed class CollectedMeasurements : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly List<string> _lines = [];

    public CollectedMeasurements()
    {
        Factory = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, Factory))
            {
                Instruments.Add(instrument);
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.Start();
    }

    public IMeterFactory Factory { get; }

    public List<Instrument> Instruments { get; } = [];

    /// <summary>Gets what was measured: name, value, unit, and the tags in order.</summary>
    public IReadOnlyList<string> Lines => _lines;

    public void Dispose()
    {
        _listener.Dispose();
        _services.Dispose();
    }

    private void Keep<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _lines.Add(
            string.Join(
                ' ',
                tags.ToArray()
                    .Select(t => $"{t.Key}={t.Value}")
                    .Prepend(FormattableString.Invariant($"{instrument.Name} {value} {instrument.Unit}"))));
}
