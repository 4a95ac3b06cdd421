using System.Numerics;

namespace TokenRefresh.Tests.Exploration;

/// <summary>
/// 128 bits that stand for a state: two states with the same bits count as one. Not a cryptographic hash, and the same in every run.
/// </summary>
internal struct StateHash
{
    private ulong _one;
    private ulong _other;

    internal readonly UInt128 Value => new(_one, _other);

    internal void Add(long value) => Add((ulong)value);

    internal void Add(bool value) => Add(value ? 1UL : 2UL);

    internal void Add(UInt128 value)
    {
        Add((ulong)value);
        Add((ulong)(value >> 64));
    }

    internal void Add(string? text)
    {
        Add(text is null ? ulong.MaxValue : (ulong)text.Length);
        foreach (char c in text ?? "")
        {
            Add((ulong)c);
        }
    }

    internal void Add(OAuthCredentials? credentials)
    {
        Add(credentials is not null);
        if (credentials is not null)
        {
            Add(credentials.AccessToken);
            Add(credentials.RefreshToken);
            Add(credentials.ExpiresAt?.UtcTicks ?? 0);
        }
    }

    private void Add(ulong value)
    {
        _one = BitOperations.RotateLeft((_one ^ value) * 0x9E3779B97F4A7C15, 29) + 0x165667B19E3779F9;
        _other = (BitOperations.RotateLeft(_other + (value * 0xC2B2AE3D27D4EB4F), 31) * 0x9FB21C651E98DF25) ^ (_other >> 32);
    }
}
