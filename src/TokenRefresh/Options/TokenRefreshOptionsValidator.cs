using Microsoft.Extensions.Options;

namespace TokenRefresh;

/// <summary>Checks the options of one name; it skips those of others.</summary>
/// <param name="name">The options' name; empty for the unnamed ones.</param>
/// <param name="isNeeded">Whether the options are used at all: not where a fake takes the provider's place.</param>
/// <param name="hasStore">Whether a store is supplied, so that no path is needed.</param>
/// <param name="hasTokenEndpointClient">Whether a client of the token endpoint is supplied, so that no endpoint is needed.</param>
internal sealed class TokenRefreshOptionsValidator(
    string name, Func<bool> isNeeded, Func<bool> hasStore, Func<bool> hasTokenEndpointClient) : IValidateOptions<TokenRefreshOptions>
{
    public ValidateOptionsResult Validate(string? optionsName, TokenRefreshOptions options)
    {
        if ((optionsName is not null && optionsName != name) || !isNeeded())
        {
            return ValidateOptionsResult.Skip;
        }

        List<string> failures = OptionsCheck.FindFailures(options, hasStore(), hasTokenEndpointClient());
        if (name.Length > 0)
        {
            failures = failures.ConvertAll(failure => $"Token refresh '{name}': {failure}");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
