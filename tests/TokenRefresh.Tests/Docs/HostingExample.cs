using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace TokenRefresh.Tests.Docs;

/// <summary>The code of docs/hosting.md.</summary>
public sealed class HostingExample
{
    [Fact]
    public void It_adds_a_service_and_a_check()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["TokenRefresh:ClientId"] = "my-service";

        #region host
        builder.Services.AddTokenRefresh(builder.Configuration.GetRequiredSection("TokenRefresh")).KeepFresh();
        builder.Services.AddHealthChecks().AddTokenRefreshHealthCheck();
        #endregion

        using IHost host = builder.Build();
        host.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations
            .Should().ContainSingle().Which.Name.Should().Be("token_refresh");
    }
}
