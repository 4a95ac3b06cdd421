using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using TokenRefresh.Stores.Json;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Credentials;

/// <summary>What must hold for any document.</summary>
public sealed class CredentialsDocumentPropertyTests
{
    [DocumentProperty]
    [FailureMode("F43")]
    public void A_save_changes_the_values_of_the_login_and_no_other_byte(GivenDocument given)
    {
        var saved = given.Parse().With(given.Next, given.RefreshedAt);

        Encoding.UTF8.GetString(saved).Should().Be(given.Saved());
    }

    [DocumentProperty]
    [FailureMode("F43")]
    public void A_removal_takes_the_login_and_no_other_byte(GivenDocument given)
    {
        var document = given.Parse();
        if (document.Credentials is null)
        {
            return;
        }

        var removed = document.Without();

        Encoding.UTF8.GetString(removed).Should().Be(given.Removed());
        CredentialsDocument.Parse(removed, given.Format).Credentials.Should().BeNull();
    }

    [DocumentProperty]
    [FailureMode("F41")]
    public void A_saved_login_is_read_back_whole_and_saved_again_without_a_change(GivenDocument given)
    {
        var saved = given.Parse().With(given.Next, given.RefreshedAt);

        var again = CredentialsDocument.Parse(saved, given.Format);

        again.Credentials!.HasSameTokens(given.Next).Should().BeTrue();
        if (given.Format.ExpiresAtMember is not null)
        {
            (again.Credentials.ExpiresAt is null).Should().Be(given.Next.ExpiresAt is null);
        }

        Encoding.UTF8.GetString(again.With(given.Next, given.RefreshedAt)).Should().Be(Encoding.UTF8.GetString(saved));
    }

    [DocumentProperty]
    [FailureMode("F43")]
    public void The_login_that_was_read_changes_no_byte(GivenDocument given)
    {
        var document = given.Parse();
        if (document.Credentials is { AccessToken.Length: > 0, RefreshToken: not null } stored
            && (stored.ExpiresAt is not null || given.Format.ExpiresAtMember is null))
        {
            Encoding.UTF8.GetString(document.With(stored, given.RefreshedAt)).Should().Be(given.Text);
        }
    }

    [DocumentProperty]
    public void Another_JSON_reader_finds_the_login_and_all_else_as_it_was(GivenDocument given)
    {
        if (HasDuplicates(given.Text))
        {
            // Readers differ in what they make of them.
            return;
        }

        var saved = Node(Encoding.UTF8.GetString(given.Parse().With(given.Next, given.RefreshedAt)));

        var login = saved;
        var former = Node(given.Text);
        foreach (var name in given.Format.Section)
        {
            login = login[name]!.AsObject();
            former = former[name] as JsonObject ?? (former[name] = new JsonObject()).AsObject();
        }

        login[given.Format.AccessTokenMember]!.GetValue<string>().Should().Be(given.Next.AccessToken);
        login[given.Format.RefreshTokenMember]!.GetValue<string>().Should().Be(given.Next.RefreshToken);
        foreach (var name in given.Format.Names.OfType<string>())
        {
            login.Remove(name);
            former.Remove(name);
        }

        var root = (JsonObject)former.Root;
        if (given.Format.LastRefreshMember is { } refreshed)
        {
            saved.Remove(refreshed);
            root.Remove(refreshed);
        }

        JsonNode.DeepEquals(saved, root).Should().BeTrue();
    }

    [DocumentProperty]
    [FailureMode("F45")]
    public void A_document_cut_at_any_byte_is_refused_or_empty_but_never_half_a_login(GivenDocument given)
    {
        var whole = given.Bytes.Span.TrimEnd(" \t\r\n"u8).Length;
        for (var length = 0; length < whole; length += 1 + (whole / 8))
        {
            var act = () => CredentialsDocument.Parse(given.Bytes[..length], given.Format).Credentials;

            if (Encoding.UTF8.GetString(given.Bytes.Span[..length]).Trim('\uFEFF', ' ', '\n').Length == 0)
            {
                act().Should().BeNull();
            }
            else
            {
                act.Should().Throw<CredentialsDocumentException>().WithMessage("*line*byte*");
            }
        }
    }

    private static JsonObject Node(string text) => JsonNode.Parse(text.TrimStart('\uFEFF'))!.AsObject();

    private static bool HasDuplicates(string text)
    {
        using var document = JsonDocument.Parse(text.TrimStart('\uFEFF'));
        return HasDuplicates(document.RootElement);
    }

    private static bool HasDuplicates(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().DistinctBy(member => member.Name).Count() < json.EnumerateObject().Count()
            || json.EnumerateObject().Any(member => HasDuplicates(member.Value)),
        JsonValueKind.Array => json.EnumerateArray().Any(HasDuplicates),
        _ => false,
    };
}
