using Microsoft.Extensions.Options;
using TokenRefresh.Endpoint;

namespace TokenRefresh.DependencyInjection;

/// <summary>Checks the options of one login; it skips those of others, and all where a fake takes the provider's place.</summary>
internal sealed class TokenRefreshOptionsValidator(IServiceProvider services, TokenRefreshRegistry registry, string name)
    : IValidateOptions<TokenRefreshOptions>
{
    public ValidateOptionsResult Validate(string? optionsName, TokenRefreshOptions options)
    {
        if ((optionsName is not null && optionsName != name) || registry.IsReplaced(name))
        {
            return ValidateOptionsResult.Skip;
        }

        List<string> failures = OptionsCheck.FindFailures(
            options, ProviderFactory.Has<ICredentialsStore>(services, name), ProviderFactory.Has<ITokenEndpointClient>(services, name));
        if (name.Length > 0)
        {
            failures = failures.ConvertAll(failure => $"Token refresh '{name}': {failure}");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
