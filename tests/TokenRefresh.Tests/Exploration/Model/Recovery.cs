namespace TokenRefresh.Tests.Exploration.Model;

/// <summary>
/// What a fresh process finds when all is over: a login that works, for now and for the next expiry, or the very reason why not.
/// </summary>
internal static class Recovery
{
    // The first is at once; then after the pause for a pair that someone else may still save, and after that for a token of unknown fate.
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(15)];

    internal static void Run(World world)
    {
        world.Calm();
        ModelProvider late = world.Start("Z", provider => CheckAsync(world, provider));
        while (!late.IsFinished && world.Rules.Broken is null)
        {
            if (world.Steps is not [var step, ..])
            {
                world.Rules.Break($"{Rules.EveryoneEnds}: a fresh process waits for ever.");
                return;
            }

            world.Take(step);
        }
    }

    private static async Task CheckAsync(World world, ModelProvider provider)
    {
        if (!await WorksAsync(world, provider))
        {
            return;
        }

        await provider.PassAsync(2 * ModelServer.AccessTokenLifetime);
        await WorksAsync(world, provider);
    }

    private static async Task<bool> WorksAsync(World world, ModelProvider provider)
    {
        RefreshResult result = await GetTokenAsync(world, provider);
        foreach (TimeSpan pause in Pauses)
        {
            if (result.Token is null && result.Failure is not SignInRequiredException)
            {
                await provider.PassAsync(pause);
                result = await GetTokenAsync(world, provider);
            }
        }

        bool works = result.Token is { } token && world.Server.Accepts(token.Value);
        if (!works && !IsOver(world, result.Failure))
        {
            world.Rules.Break($"{Rules.NothingIsLost}: a fresh process got {result.Token?.Value ?? result.Failure!.Message}");
        }

        return works;
    }

    // As a caller does: a token that a resource rejects is asked to be replaced.
    private static async Task<RefreshResult> GetTokenAsync(World world, ModelProvider provider)
    {
        RefreshResult result = await provider.GetTokenAsync();
        return result.Token is { } token && !world.Server.Accepts(token.Value)
            ? await provider.GetTokenAsync(rejected: token.Value)
            : result;
    }

    private static bool IsOver(World world, TokenRefreshException? failure) => (failure as SignInRequiredException)?.Reason switch
    {
        SignInRequiredReason.RefreshTokenRejected => world.Server.IsRevoked(world.File.Content?.RefreshToken),
        SignInRequiredReason.NothingStored or SignInRequiredReason.SignedOut => world.File.Content is null,
        SignInRequiredReason.RolledBack => world.HasRolledBack,
        _ => false,
    };
}
