using Grpc.Core;
using Grpc.Health.V1;

namespace Recipes.Support;

/// <summary>The health service that every gRPC program knows.</summary>
internal sealed class ServedHealth : Health.HealthBase
{
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving });
}
