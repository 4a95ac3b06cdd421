using System.Text;
using System.Text.RegularExpressions;

namespace TokenRefresh.Endpoint;

/// <content>Finds the tokens of the answer among others.</content>
internal sealed partial class TokenResponseParser
{
    private static string? AccessTokenOf(AnswerObject json) =>
        json["accesstoken"] is { } token && TokenRefresh.AccessToken.CanBeSent(token) ? token : null;

    private AnswerObject FindTokens()
    {
        // In an envelope, unless the server says that it reports an error.
        string? code = Root["error"];
        string? ignored = null;
        AddError(Find("error"), ref code, ref ignored);
        AnswerObject? repeated = null;
        if (!HasNew(Root) && code is null or "0")
        {
            foreach (AnswerObject json in _objects)
            {
                if (HasNew(json))
                {
                    return json;
                }

                // What is stored may be answered again, if nothing newer is.
                repeated ??= AccessTokenOf(json) is null ? null : json;
            }
        }

        return repeated ?? Root;
    }

    private bool HasNew(AnswerObject json) =>
        AccessTokenOf(json) is { } token && (token != _request.StoredAccessToken || !IsKnown(json["refreshtoken"]));

    private bool IsKnown(string? refreshToken) => refreshToken is null || refreshToken == _request.RefreshToken;

    private void FindRefreshToken()
    {
        Offer(_tokens["refreshtoken"]);
        OfferItem(_tokens);
        Offer(Root["refreshtoken"]);
        OfferItem(Root);
        foreach (AnswerObject json in _objects)
        {
            if (json.First("refreshtoken", "refreshtoken[]") is not null && (AccessToken is null || IsBesideNoOther(json)))
            {
                OfferNested(json["refreshtoken"]);
                OfferItem(json);
            }
        }

        if (AccessToken is null)
        {
            OfferWherever(_body.Bytes.Span);
        }
    }

    // {"access":{"access_token":"..."},"refresh":{"refresh_token":"..."}}; one beside or below another access token is that one's.
    private bool IsBesideNoOther(AnswerObject json)
    {
        AnswerObject? owner = json;
        while (owner is not null && owner != _tokens && owner["accesstoken"] is null)
        {
            owner = owner.Parent;
        }

        string? access = owner?["accesstoken"];
        return access is null || access == AccessToken || access == _request.StoredAccessToken;
    }

    private void Offer(string? refreshToken)
    {
        if (IsKnown(RefreshToken) && refreshToken is not null && (RefreshToken is null || !IsKnown(refreshToken)))
        {
            RefreshToken = refreshToken;
        }
    }

    // Below the top, a name says less: {"lifetimes":{"refresh_token":86400}}, {"warnings":{"refresh_token":"expires soon"}}.
    private void OfferNested(string? refreshToken)
    {
        const int LongestTime = 15;
        ReadOnlySpan<char> text = refreshToken;
        bool isTime = text.Length <= LongestTime && !text.ContainsAnyExceptInRange('0', '9');
        if (!isTime && !text.ContainsAny(" \t\r\n") && !text.Contains("://", StringComparison.Ordinal))
        {
            Offer(refreshToken);
        }
    }

    // {"refresh_token":["..."]}, if it is clear which; without an access token these are the words for what is wrong with it.
    private void OfferItem(AnswerObject json)
    {
        if (AccessToken is null)
        {
            return;
        }

        string? only = null;
        foreach (string item in json.ItemsOf("refreshtoken[]"))
        {
            if (!IsKnown(item) && item != only)
            {
                if (only is not null)
                {
                    return;
                }

                only = item;
            }
        }

        OfferNested(only);
    }

    // In a body that is cut off, nested deeper than is read, or wrapped in something else.
    private void OfferWherever(ReadOnlySpan<byte> body)
    {
        for (Match found = Member().Match(Encoding.UTF8.GetString(body)); IsKnown(RefreshToken) && found.Success; found = found.NextMatch())
        {
            OfferNested(Regex.Unescape(found.Groups["token"].Value));
        }
    }

    // The text must be closed to count; what follows does not matter. One that is no UTF-8, or holds surrogates, is none.
    [GeneratedRegex(
        """
        "refresh(_|-|\\u005f)?token"\s*:\s*"(?<token>(?>([^"\\\x00-\x1F\uFFFD]+|\\(["\\/bfnrt]|u(?!d[89a-f])[0-9a-f]{4}))+))"
        """,
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        Timeout.Infinite)]
    private static partial Regex Member();
}
