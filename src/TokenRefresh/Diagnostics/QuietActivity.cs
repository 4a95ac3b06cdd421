using System.Diagnostics;

namespace TokenRefresh.Diagnostics;

/// <summary>Ends an activity, if there is one, and lets nothing that its listeners throw get any further.</summary>
internal readonly struct QuietActivity(Activity? activity) : IDisposable
{
    public void Dispose()
    {
        try
        {
            activity?.Dispose();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Activity.Current = activity?.Parent;
        }
    }
}
