using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;

namespace TokenRefresh;

/// <summary>Provides the access token that an environment variable holds, for as long as the process lives.</summary>
/// <remarks>
/// Safe for concurrent use. Nothing can replace such a token: once a resource has rejected it, the warning <c>7001</c> names the variable,
/// once per provider, a <see cref="BearerTokenHandler"/> returns the rejection, and <see cref="RefreshAccessTokenAsync"/> throws. A stored
/// login is not used in its place, since it may be another account's.
/// </remarks>
/// <example>
/// <code>
/// ITokenProvider tokens =
///     EnvironmentTokenProvider.TryCreate([new("CLAUDE_CODE_OAUTH_TOKEN"), new("ANTHROPIC_API_KEY", "x-api-key")]) ?? login;
/// </code>
/// </example>
public sealed class EnvironmentTokenProvider : ITokenProvider
{
    private readonly string _variable;
    private readonly AccessToken _token;
    private readonly NonThrowingLogger _logger;
    private int _hasWarned;

    private EnvironmentTokenProvider(string variable, AccessToken token, ILoggerFactory? loggerFactory)
    {
        _variable = variable;
        _token = token;
        _logger = NonThrowingLogger.Of(loggerFactory);
    }

    string ITokenProvider.HeaderName => _token.HeaderName;

    /// <summary>Creates a provider of the first of these variables that is set. The environment is read here and not again.</summary>
    /// <param name="variables">The variables; an earlier one goes before a later one.</param>
    /// <param name="loggerFactory">Where to log which variable is used, and that its token was rejected; <see langword="null"/> for
    /// nowhere.</param>
    /// <returns>The provider; <see langword="null"/> if none of the variables is set, so that a stored login can be next:
    /// <c>TryCreate(...) ?? login</c>.</returns>
    /// <exception cref="TokenRefreshConfigurationException">
    /// The first variable that is set is empty or blank, or holds what no HTTP header may carry, such as a line end. The message names it,
    /// and does not show its value.
    /// </exception>
    /// <exception cref="ArgumentException">A variable has no name, or a header that no request can have.</exception>
    public static ITokenProvider? TryCreate(IReadOnlyList<TokenVariable> variables, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(variables);
        foreach (TokenVariable variable in variables)
        {
            if (string.IsNullOrWhiteSpace(variable?.Name) || !OptionText.IsRequestHeader(variable.HeaderName))
            {
                throw new ArgumentException(
                    $"The variable '{OptionText.Printable(variable?.Name)}' has no name, or its header "
                    + $"'{OptionText.Printable(variable?.HeaderName)}' is none that a request can have.",
                    nameof(variables));
            }
        }

        foreach (TokenVariable variable in variables)
        {
            if (Environment.GetEnvironmentVariable(variable.Name) is { } value)
            {
                ThrowIfNoToken(variable.Name, value);
                var token = new AccessToken(value, headerName: variable.HeaderName);
                var provider = new EnvironmentTokenProvider(variable.Name, token, loggerFactory);
                Log.EnvironmentTokenUsed(provider._logger, variable.Name);
                return provider;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public ValueTask<AccessToken> GetAccessTokenAsync(CancellationToken cancellationToken = default) => new(_token);

    /// <inheritdoc/>
    /// <exception cref="NotRefreshableException">The variable's token is the rejected one.</exception>
    public ValueTask<AccessToken> RefreshAccessTokenAsync(AccessToken rejected, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rejected);
        if (rejected.Value != _token.Value)
        {
            return new(_token);
        }

        if (Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            Log.EnvironmentTokenRejected(_logger, _variable);
        }

        return ValueTask.FromException<AccessToken>(new NotRefreshableException(
            $"The access token of the environment variable '{_variable}' was rejected, and nothing can replace it in this process. "
            + "Set the variable to a valid one, or unset it, and start the program again."));
    }

    private static void ThrowIfNoToken(string variable, string value)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            throw new TokenRefreshConfigurationException(
                $"The environment variable '{variable}' is set and {(value.Length == 0 ? "empty" : "blank")}. "
                + "Set it to an access token, or unset it.");
        }

        if (!AccessToken.CanBeSent(value) || value[0] == ' ' || value[^1] == ' ')
        {
            throw new TokenRefreshConfigurationException(
                $"The environment variable '{variable}' holds a line end, a blank at its end, or another character that no HTTP header may "
                + "carry (not shown); often it was left from a file. Set it to the access token alone, or unset it.");
        }
    }
}
