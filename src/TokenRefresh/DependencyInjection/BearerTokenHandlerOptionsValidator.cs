using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TokenRefresh.DependencyInjection;

/// <summary>Checks the options of one client's handler, and that there is a provider for it.</summary>
internal sealed class BearerTokenHandlerOptionsValidator(IServiceProvider services, string optionsName, string? loginName)
    : IValidateOptions<BearerTokenHandlerOptions>
{
    public ValidateOptionsResult Validate(string? name, BearerTokenHandlerOptions options)
    {
        if (name != optionsName)
        {
            return ValidateOptionsResult.Skip;
        }

        if (!ProviderFactory.Has<ITokenProvider>(services, loginName ?? Options.DefaultName))
        {
            return ValidateOptionsResult.Fail(loginName is null
                ? $"The HTTP client '{name}' needs a token, and no {nameof(ITokenProvider)} is registered. " +
                  "Call 'AddTokenRefresh' on the services."
                : $"The HTTP client '{name}' needs a token of '{loginName}', "
                  + $"and no {nameof(ITokenProvider)} is registered under that name. "
                  + $"Call 'AddTokenRefresh(\"{loginName}\", ...)' on the services, " +
                  "or give 'AddTokenRefreshHandler' the name that was used there.");
        }

        if (loginName is null && services.GetService<TokenRefreshRegistry>()?.FindProblemWithoutName() is { } problem)
        {
            return ValidateOptionsResult.Fail($"The HTTP client '{name}' needs a token. {problem}");
        }

        try
        {
            BearerTokenHandler.Validate(options);
            return ValidateOptionsResult.Success;
        }
        catch (TokenRefreshConfigurationException e)
        {
            return ValidateOptionsResult.Fail(e.Message);
        }
    }
}
