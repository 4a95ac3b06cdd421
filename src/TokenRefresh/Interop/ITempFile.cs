namespace TokenRefresh.Interop;

/// <summary>A file beside the credentials that is to take their place. Held, so that others can tell it from a left-over, until disposed.</summary>
internal interface ITempFile : IDisposable
{
    string Path { get; }

    /// <summary>Makes the whole content of the file these bytes.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Makes the content durable.</summary>
    void Flush();

    /// <summary>Takes over what the new file must keep of the old one: a stricter mode, owner and group.</summary>
    void InheritFrom(string target);

    /// <summary>Lets go of the file where the system cannot rename an open one.</summary>
    void ReleaseForReplace();
}
