namespace TokenRefresh.Testing;

/// <summary>When a scripted request loses its connection.</summary>
public enum ConnectionDrop
{
    /// <summary>Never.</summary>
    None,

    /// <summary>With the body unread.</summary>
    BeforeProcessing,

    /// <summary>Processed, not answered.</summary>
    AfterProcessing,
}
