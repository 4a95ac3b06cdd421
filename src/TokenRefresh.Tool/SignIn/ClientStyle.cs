using Duende.IdentityModel.Client;

namespace TokenRefresh.Tool.SignIn;

/// <summary>How the client authenticates at a sign-in: as it does at a refresh.</summary>
internal static class ClientStyle
{
    internal static ClientCredentialStyle Of(TokenRefreshOptions options) =>
        options.ClientAuthentication == ClientAuthentication.ClientSecretBasic
            ? ClientCredentialStyle.AuthorizationHeader
            : ClientCredentialStyle.PostBody;
}
