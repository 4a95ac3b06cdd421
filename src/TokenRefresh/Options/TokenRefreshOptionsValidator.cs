using Microsoft.Extensions.Options;

namespace TokenRefresh;

/// <summary>Checks one login's options, all rules at once. The same texts reach a container's <see cref="OptionsValidationException"/> and the <see cref="TokenRefreshConfigurationException"/> of the path without one.</summary>
internal sealed partial class TokenRefreshOptionsValidator : IValidateOptions<TokenRefreshOptions>
{
    private readonly string _name;
    private readonly Func<bool> _hasStore;
    private readonly Func<bool> _hasTokenEndpointClient;

    /// <summary>Creates a validator of the options of one name; it skips those of others.</summary>
    /// <param name="name">The options' name; empty for the unnamed ones.</param>
    /// <param name="hasStore">Whether a store is supplied, so that no path is needed.</param>
    /// <param name="hasTokenEndpointClient">Whether a client of the token endpoint is supplied, so that no endpoint is needed.</param>
    public TokenRefreshOptionsValidator(string name, Func<bool> hasStore, Func<bool> hasTokenEndpointClient)
    {
        _name = name;
        _hasStore = hasStore;
        _hasTokenEndpointClient = hasTokenEndpointClient;
    }

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, TokenRefreshOptions options)
    {
        if (name is not null && name != _name)
        {
            return ValidateOptionsResult.Skip;
        }

        List<string> failures = Check(options, _hasStore(), _hasTokenEndpointClient());
        if (failures.Count == 0)
        {
            return ValidateOptionsResult.Success;
        }

        return ValidateOptionsResult.Fail(_name.Length == 0 ? failures : failures.Select(failure => $"Token refresh '{_name}': {failure}"));
    }

    /// <summary>Checks the options of a provider that is made without a container.</summary>
    /// <param name="options">The options.</param>
    /// <param name="services">What replaces parts of them.</param>
    /// <exception cref="TokenRefreshConfigurationException">Something is missing, out of range, or contradicts something else; the message tells all of it.</exception>
    internal static void ThrowIfInvalid(TokenRefreshOptions options, CoordinatedTokenProviderServices services)
    {
        List<string> failures = Check(options, services.CredentialsStore is not null, services.TokenEndpointClient is not null);
        if (failures.Count > 0)
        {
            throw new TokenRefreshConfigurationException(string.Join(' ', failures));
        }
    }

    private static List<string> Check(TokenRefreshOptions options, bool hasStore, bool hasTokenEndpointClient)
    {
        var failures = new List<string>();
        CheckTimes(options, failures);
        CheckFile(options, hasStore, failures);
        CheckTokenEndpoint(options, hasTokenEndpointClient, failures);
        CheckClient(options, hasTokenEndpointClient, failures);
        CheckAdditions(options, failures);
        return failures;
    }
}
