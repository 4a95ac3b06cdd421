using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace TokenRefresh.DependencyInjection;

/// <summary>Sets options from configuration, by hand and so without reflection. A misspelt key is an error, not a setting that silently keeps its default.</summary>
internal static class ConfigurationBinding
{
    private static readonly Dictionary<string, Action<TokenRefreshOptions, Entry>> Setters = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(TokenRefreshOptions.CredentialsPath)] = static (o, entry) => o.CredentialsPath = entry.Text() ?? o.CredentialsPath,
        [nameof(TokenRefreshOptions.FileFormat)] = static (o, entry) => o.FileFormat = FileFormatBinding.Read(entry) ?? o.FileFormat,
        [nameof(TokenRefreshOptions.LockPath)] = static (o, entry) => o.LockPath = entry.Text() ?? o.LockPath,
        [nameof(TokenRefreshOptions.TokenEndpoint)] = static (o, entry) => o.TokenEndpoint = entry.Address() ?? o.TokenEndpoint,
        [nameof(TokenRefreshOptions.RevocationEndpoint)] = static (o, entry) => o.RevocationEndpoint = entry.Address() ?? o.RevocationEndpoint,
        [nameof(TokenRefreshOptions.ClientId)] = static (o, entry) => o.ClientId = entry.Text() ?? o.ClientId,
        [nameof(TokenRefreshOptions.ClientSecret)] = static (o, entry) => o.ClientSecret = entry.Text() ?? o.ClientSecret,
        [nameof(TokenRefreshOptions.ClientAuthentication)] = static (o, entry) => o.ClientAuthentication = entry.Choice<ClientAuthentication>() ?? o.ClientAuthentication,
        [nameof(TokenRefreshOptions.RequestFormat)] = static (o, entry) => o.RequestFormat = entry.Choice<TokenRequestFormat>() ?? o.RequestFormat,
        [nameof(TokenRefreshOptions.Scope)] = static (o, entry) => o.Scope = entry.Text() ?? o.Scope,
        [nameof(TokenRefreshOptions.AdditionalParameters)] = static (o, entry) => entry.AddTo(o.AdditionalParameters),
        [nameof(TokenRefreshOptions.AdditionalHeaders)] = static (o, entry) => entry.AddTo(o.AdditionalHeaders),
        [nameof(TokenRefreshOptions.AllowInsecureHttp)] = static (o, entry) => o.AllowInsecureHttp = entry.Switch() ?? o.AllowInsecureHttp,
        [nameof(TokenRefreshOptions.HeaderName)] = static (o, entry) => o.HeaderName = entry.Text() ?? o.HeaderName,
        [nameof(TokenRefreshOptions.RefreshBeforeExpiration)] = static (o, entry) => o.RefreshBeforeExpiration = entry.Time() ?? o.RefreshBeforeExpiration,
        [nameof(TokenRefreshOptions.ExpirationSkew)] = static (o, entry) => o.ExpirationSkew = entry.Time() ?? o.ExpirationSkew,
        [nameof(TokenRefreshOptions.RefreshTimeout)] = static (o, entry) => o.RefreshTimeout = entry.Time() ?? o.RefreshTimeout,
        [nameof(TokenRefreshOptions.AttemptTimeout)] = static (o, entry) => o.AttemptTimeout = entry.Time() ?? o.AttemptTimeout,
        [nameof(TokenRefreshOptions.SaveTimeout)] = static (o, entry) => o.SaveTimeout = entry.Time() ?? o.SaveTimeout,
        [nameof(TokenRefreshOptions.LockTimeout)] = static (o, entry) => o.LockTimeout = entry.Time() ?? o.LockTimeout,
        [nameof(TokenRefreshOptions.RefreshTokenReuseWindow)] = static (o, entry) => o.RefreshTokenReuseWindow = entry.Time() ?? o.RefreshTokenReuseWindow,
        [nameof(TokenRefreshOptions.AllowUnreliableLock)] = static (o, entry) => o.AllowUnreliableLock = entry.Switch() ?? o.AllowUnreliableLock,
        [nameof(TokenRefreshOptions.HandleProcessSignals)] = static (o, entry) => o.HandleProcessSignals = entry.Switch() ?? o.HandleProcessSignals,
    };

    /// <summary>Gets the keys that are understood.</summary>
    public static IReadOnlyCollection<string> Keys => Setters.Keys;

    /// <summary>Sets what the section has; the rest stays as it is.</summary>
    /// <param name="section">The section.</param>
    /// <param name="options">The options to set.</param>
    /// <param name="name">Their name.</param>
    /// <exception cref="OptionsValidationException">Keys are unknown or values cannot be read; all are told.</exception>
    public static void Bind(IConfiguration section, TokenRefreshOptions options, string name)
    {
        var failures = new List<string>();
        foreach (IConfigurationSection child in section.GetChildren())
        {
            var entry = new Entry(child, failures);
            if (Setters.TryGetValue(child.Key, out Action<TokenRefreshOptions, Entry>? set))
            {
                if (!entry.IsEmpty)
                {
                    set(options, entry);
                }
            }
            else if (string.Equals(child.Key, nameof(TokenRefreshOptions.Events), StringComparison.OrdinalIgnoreCase))
            {
                entry.Fail("cannot come from configuration. Set the callbacks in code.");
            }
            else
            {
                entry.Fail($"is no setting of token refresh. Remove it, or use one of {Listed(Setters.Keys)}.");
            }
        }

        if (failures.Count > 0)
        {
            throw new OptionsValidationException(name, typeof(TokenRefreshOptions), failures);
        }
    }

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));

    /// <summary>One key of the section, with the failures of reading it.</summary>
    internal readonly struct Entry
    {
        private readonly IConfigurationSection _section;
        private readonly List<string> _failures;

        public Entry(IConfigurationSection section, List<string> failures)
        {
            _section = section;
            _failures = failures;
        }

        /// <summary>Gets whether there is nothing to read: a JSON <c>null</c> or an empty object.</summary>
        public bool IsEmpty => _section.Value is null && !_section.GetChildren().Any();

        public bool HasChildren => _section.GetChildren().Any();

        public IEnumerable<(string Key, Entry Entry)> Children
        {
            get
            {
                List<string> failures = _failures;
                return _section.GetChildren().Select(child => (child.Key, new Entry(child, failures)));
            }
        }

        public void Fail(string message) => _failures.Add($"'{_section.Path}' {message}");

        public string? Text()
        {
            if (_section.Value is null)
            {
                Fail("is a section. Give it one value.");
            }

            return _section.Value;
        }

        public TimeSpan? Time()
        {
            if (Text() is not { } text)
            {
                return null;
            }

            // '30' would be thirty days.
            if (text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan value))
            {
                return value;
            }

            Fail($"is '{text}'. Write the time as 'hh:mm:ss', such as '00:00:30' for 30 seconds.");
            return null;
        }

        public bool? Switch()
        {
            if (Text() is not { } text)
            {
                return null;
            }

            if (bool.TryParse(text, out bool value))
            {
                return value;
            }

            Fail($"is '{text}'. Write 'true' or 'false'.");
            return null;
        }

        public T? Choice<T>()
            where T : struct, Enum
        {
            if (Text() is not { } text)
            {
                return null;
            }

            // The RFCs' spelling too: client_secret_basic. No digits: a number that happens to fit is hardly meant.
            string name = text.Replace("_", "", StringComparison.Ordinal);
            if (name.All(char.IsAsciiLetter) && Enum.TryParse(name, ignoreCase: true, out T value))
            {
                return value;
            }

            Fail($"is '{text}'. Use one of {Listed(Enum.GetNames<T>())}.");
            return null;
        }

        public Uri? Address()
        {
            if (Text() is not { } text)
            {
                return null;
            }

            if (Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out Uri? value))
            {
                return value;
            }

            Fail($"is '{UriRedaction.Show(text)}', which is no address. Write it in full, such as 'https://auth.example.com/token'.");
            return null;
        }

        public void AddTo(IDictionary<string, string> values)
        {
            if (!HasChildren)
            {
                Fail("is a single value. Make it a section of names and values.");
            }

            foreach ((string key, Entry child) in Children)
            {
                if (!child.IsEmpty && child.Text() is { } value)
                {
                    values[key] = value;
                }
            }
        }
    }
}
