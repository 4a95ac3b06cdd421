using TokenRefresh.Keychain.Tests.Support;

[assembly: AssemblyFixture(typeof(SharedKeyring))]

namespace TokenRefresh.Keychain.Tests.Support;

/// <summary>One keyring for all tests that leave its service alone; each has an item of its own.</summary>
public sealed class SharedKeyring : IAsyncLifetime
{
    private Keyring? _keyring;

    /// <summary>Gets the keyring; skips the test where there can be none.</summary>
    public Keyring Keyring
    {
        get
        {
            Assert.SkipUnless(_keyring is not null, Keyring.WhyNone ?? "");
            return _keyring!;
        }
    }

    public async ValueTask InitializeAsync() => _keyring = Keyring.WhyNone is null ? await Keyring.StartAsync() : null;

    public async ValueTask DisposeAsync()
    {
        if (_keyring is not null)
        {
            await _keyring.DisposeAsync();
        }
    }
}
