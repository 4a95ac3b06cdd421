using System.Globalization;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using FluentAssertions.Execution;
using TokenRefresh.Stores.Json;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

/// <summary>What must hold for any document; each failure names the seed that repeats it.</summary>
public sealed class CredentialsDocumentPropertyTests
{
    private const int Documents = 4000;

    [Fact]
    [FailureMode("F43")]
    public void Every_byte_that_is_not_the_logins_survives_a_change_and_a_removal()
    {
        ForEach((random, document, next) =>
        {
            var isWhole = LacksItsSection(random);

            var written = Encoding.UTF8.GetString(document.With(next));
            var removed = Encoding.UTF8.GetString(document.Without());

            var replaced = LoginCutter.WithoutInserted(written, random.Text, random.Format, isWhole);
            LoginCutter.Cut(replaced, random.Format, isWhole).Should().Be(LoginCutter.Cut(random.Text, random.Format, isWhole));
            removed.Should().Be(LoginCutter.Cut(random.Text, random.Format, wholeSection: true));
            CredentialsDocument.Parse(Encoding.UTF8.GetBytes(removed), random.Format).Credentials.Should().BeNull();
        });
    }

    [Fact]
    [FailureMode("F41")]
    public void A_written_login_is_read_back_whole()
    {
        ForEach((random, document, next) =>
        {
            var stored = document.Credentials;

            var read = CredentialsDocument.Parse(document.With(next), random.Format).Credentials;

            read!.IsSamePair(next).Should().BeTrue();
            read.ExpiresAt.Should().Be(next.ExpiresAt);
            if (random.Format.RefreshTokenExpiresAtMember is not null)
            {
                var isRotated = stored?.RefreshToken != next.RefreshToken;
                read.RefreshTokenExpiresAt
                    .Should().Be(next.RefreshTokenExpiresAt ?? (isRotated || stored is null ? null : stored.RefreshTokenExpiresAt));
            }

            if (stored is not null && next.Scopes is null)
            {
                read.Scopes.Should().Equal(stored.Scopes);
            }
        });
    }

    [Fact]
    public void Another_reader_finds_the_same_tokens_and_a_whole_expiry_or_none()
    {
        ForEach((random, document, next) =>
        {
            var written = document.With(next);

            var mark = written.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
            using var json = JsonDocument.Parse(written.AsMemory(mark), new JsonDocumentOptions { MaxDepth = 1000 });
            var login = random.Format.Section is { } section ? json.RootElement.GetProperty(section) : json.RootElement;
            login.GetProperty(random.Format.AccessTokenMember).GetString().Should().Be(next.AccessToken);
            (login.TryGetProperty(random.Format.RefreshTokenMember, out var refreshToken) ? refreshToken.GetString() : null)
                .Should().Be(next.RefreshToken);
            if (next.ExpiresAt != document.Credentials?.ExpiresAt && next.ExpiresAt is { } at)
            {
                login.GetProperty(random.Format.ExpiresAtMember!).ToString().Should().Be(ExpectedTime(random, at));
            }
        });
    }

    [Fact]
    public void The_same_login_changes_nothing_and_a_second_write_changes_nothing_more()
    {
        ForEach((random, document, next) =>
        {
            if (document.Credentials is { AccessToken.Length: > 0, RefreshToken: not null, ExpiresAt: not null } stored)
            {
                Encoding.UTF8.GetString(document.With(stored)).Should().Be(random.Text);
            }

            var once = document.With(next);
            var twice = CredentialsDocument.Parse(once, random.Format).With(next);

            Encoding.UTF8.GetString(twice).Should().Be(Encoding.UTF8.GetString(once));
        });
    }

    [Fact]
    [FailureMode("F45")]
    public void A_document_cut_at_any_byte_is_refused_or_empty_but_never_half_a_login()
    {
        foreach (var seed in Enumerable.Range(0, 60))
        {
            var random = new RandomDocument(seed);
            var whole = random.Bytes.AsSpan().TrimEnd(" \t\r\n"u8).Length;
            for (var length = 0; length < whole; length++)
            {
                var act = () => CredentialsDocument.Parse(random.Bytes.AsMemory(0, length), random.Format).Credentials;

                if (Encoding.UTF8.GetString(random.Bytes.AsSpan(0, length)).Trim('\uFEFF', ' ', '\n').Length == 0)
                {
                    act().Should().BeNull();
                }
                else
                {
                    act.Should().Throw<CredentialsDocumentException>().WithMessage("*line*byte*");
                }
            }
        }
    }

    private static void ForEach(Action<RandomDocument, CredentialsDocument, OAuthCredentials> property)
    {
        var logins = 0;
        foreach (var seed in Enumerable.Range(0, Documents))
        {
            var random = new RandomDocument(seed);
            using var scope = new AssertionScope($"seed {seed}");
            var document = CredentialsDocument.Parse(random.Bytes, random.Format);
            property(random, document, random.Next(document.Credentials));
            logins += document.Credentials is null ? 0 : 1;
        }

        logins.Should().BeGreaterThan(Documents / 2, "documents without a login prove little");
    }

    /// <summary>Gets how a moment is to be written: as the one that was there, and without one as a count in the format's unit.</summary>
    private static string ExpectedTime(RandomDocument random, DateTimeOffset at)
    {
        using var json = JsonDocument.Parse(random.Text.TrimStart('\uFEFF'), new JsonDocumentOptions { MaxDepth = 1000 });
        var root = json.RootElement;
        var login = random.Format.Section is { } name && root.TryGetProperty(name, out var section) ? section : root;
        var isIso = login.ValueKind == JsonValueKind.Object
            && login.TryGetProperty(random.Format.ExpiresAtMember!, out var stored) && stored.ToString().EndsWith('Z');
        var count = random.Format.TimeUnit == CredentialsTimeUnit.Milliseconds ? at.ToUnixTimeMilliseconds() : at.ToUnixTimeSeconds();
        return isIso ? at.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) : count.ToString(CultureInfo.InvariantCulture);
    }

    private static bool LacksItsSection(RandomDocument random)
    {
        using var json = JsonDocument.Parse(random.Text.TrimStart('\uFEFF'));
        return random.Format.Section is { } name
            && !(json.RootElement.TryGetProperty(name, out var section) && section.ValueKind == JsonValueKind.Object);
    }
}
