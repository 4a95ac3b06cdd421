namespace TokenRefresh.Tests.Http;

/// <summary>A stream that can be read once.</summary>
internal class OneWay(byte[] bytes) : MemoryStream(bytes)
{
    public override bool CanSeek => false;
}
