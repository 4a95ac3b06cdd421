using System.Diagnostics;
using System.Globalization;
using TokenRefresh.Benchmarks.Peers;
using TokenRefresh.Benchmarks.Reporting;

namespace TokenRefresh.Benchmarks;

/// <summary>
/// Callers of one process meet an expired token: how long after the exchange the last of them has the new one, what that allocates, and how
/// often the server is asked.
/// </summary>
internal sealed class InProcessContentionBenchmarks : IQuestion
{
    private const int SharedWarmUps = 20;
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(20);

    public async Task<Answer> AskAsync(Effort effort)
    {
        bool isQuick = effort != Effort.Whole;
        int[] counts = isQuick ? [1, 100, 1_000, 10_000] : [1, 10, 100, 1_000, 10_000];
        int rounds = isQuick ? 5 : 25;
        (string Name, Func<Exchange, Subject> Create)[] subjects =
        [
            ("TokenRefresh", TokenRefreshWithFile),
            ("TokenRefresh, store in memory", TokenRefreshInMemory),
            ("SemaphoreSlim cache", exchange =>
            {
                var cache = new SemaphoreCache(exchange.RunAsync);
                return new Subject(async () => await cache.GetTokenAsync(), cache.Dispose);
            }),
            ("Anthropic: token cache", exchange =>
            {
                Anthropic.Credentials.IAccessTokenProvider cache = AnthropicTokens.From(exchange.RunAsync);
                return new Subject(async () => (await cache.GetTokenAsync()).Token, cache.Dispose);
            }),
            ("Google.Apis.Auth: UserCredential", exchange =>
            {
                Google.Apis.Auth.OAuth2.UserCredential credential = GoogleTokens.Expired(exchange.RunAsync);
                return new Subject(async () => await credential.GetAccessTokenForRequestAsync(), credential.Flow.Dispose);
            }),
            ("Azure.Core: bearer policy", exchange =>
            {
                var policy = new AzureBearer(exchange.RunAsync);
                return new Subject(
                    async () =>
                    {
                        using Azure.Core.HttpMessage message = AzureBearer.CreateMessage();
                        await policy.AuthorizeAsync(message);
                        return "set";
                    },
                    () => { });
            }),
        ];

        var table = new Table("cache", "callers", "over the exchange, ms", "worst, ms", "bytes per caller", "token requests");
        var own = new Dictionary<int, Round>();

        // All in turn at first: the first to be measured would otherwise pay alone for compiling what they share.
        for (var i = 0; i < SharedWarmUps; i++)
        {
            foreach ((_, Func<Exchange, Subject> create) in subjects)
            {
                await MeetAsync(create, counts[^1]);
            }
        }

        foreach ((string name, Func<Exchange, Subject> create) in subjects)
        {
            foreach (int count in counts)
            {
                var measured = new List<Round>();
                for (var i = -3; i < rounds; i++)
                {
                    Round round = await MeetAsync(create, count);
                    if (i >= 0)
                    {
                        measured.Add(round);
                    }
                }

                var result = new Round(
                    measured.Select(round => round.OverMilliseconds).Median(),
                    measured.Select(round => round.BytesPerCaller).Median(),
                    measured.Max(round => round.TokenRequests));
                if (name == "TokenRefresh")
                {
                    own[count] = result;
                }

                table.Add(
                    name,
                    count.ToString("#,##0", CultureInfo.InvariantCulture),
                    Figure.Of(result.OverMilliseconds),
                    Figure.Of(measured.Max(round => round.OverMilliseconds)),
                    result.BytesPerCaller.ToString("#,##0", CultureInfo.InvariantCulture),
                    result.TokenRequests.ToString("#,##0", CultureInfo.InvariantCulture));
                Console.WriteLine(
                    $"{name}, {count} callers: {Figure.Of(result.OverMilliseconds)} ms over the exchange, "
                    + $"{Figure.Of(result.BytesPerCaller)} B each, {result.TokenRequests} token requests");
            }
        }

        Round many = own[10_000];
        return new Answer(
            "In-process contention: callers meet an expired token",
            $"All callers ask at once; the exchange takes {Latency.TotalMilliseconds} ms. 'Over the exchange' is from the first call "
            + $"until the last caller has the token, less what the exchange took; {rounds} rounds after 3 uncounted ones, and "
            + $"{SharedWarmUps} of all caches in turn before, the median and the worst. Bytes are all that the process allocates in that "
            + "time, the awaiting callers' own state included. Each round has a cache of its own; TokenRefresh with its file on disk "
            + "unless the row says otherwise, the others in memory.",
            [("", table.ToString())],
            [
                new("token requests, 10,000 callers", 1, many.TokenRequests, ""),
                new("10,000 callers served after the exchange", 5, many.OverMilliseconds, "ms"),
                new("time per caller, 10,000 over 1,000", 1, many.OverMilliseconds / 10_000 / (own[1_000].OverMilliseconds / 1_000), "×"),
            ]);
    }

    private static async Task<Round> MeetAsync(Func<Exchange, Subject> create, int callers)
    {
        var exchange = new Exchange();
        Subject subject = create(exchange);
        try
        {
            var calls = new Task<string>[callers];
            long bytes = GC.GetTotalAllocatedBytes(precise: true);
            long start = Stopwatch.GetTimestamp();
            for (var i = 0; i < callers; i++)
            {
                calls[i] = subject.GetAsync();
            }

            await Task.WhenAll(calls);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
            return new Round((elapsed - exchange.Duration).TotalMilliseconds, (double)bytes / callers, exchange.Requests);
        }
        finally
        {
            subject.Dispose();
        }
    }

    private static Subject TokenRefreshWithFile(Exchange exchange)
    {
        var directory = new WorkDirectory();
        string path = Path.Combine(directory.Path, ".credentials.json");
        File.WriteAllBytes(path, SampleCredentials.Write(Expired()));
        CoordinatedTokenProvider provider = Create(exchange, store: null, path);
        return new Subject(async () => (await provider.GetAccessTokenAsync()).Value, () =>
        {
            provider.Dispose();
            directory.Dispose();
        });
    }

    private static Subject TokenRefreshInMemory(Exchange exchange)
    {
        var store = new InMemoryCredentialsStore(Expired());
        CoordinatedTokenProvider provider = Create(exchange, store, path: null);
        return new Subject(async () => (await provider.GetAccessTokenAsync()).Value, () =>
        {
            provider.Dispose();
            store.Dispose();
        });
    }

    private static OAuthCredentials Expired() => new("access-token", "refresh-token", TimeProvider.System.GetUtcNow().AddHours(-1));

    private static CoordinatedTokenProvider Create(Exchange exchange, ICredentialsStore? store, string? path) =>
        CoordinatedTokenProvider.Create(
        o =>
        {
            o.CredentialsPath = path;
            o.TokenEndpoint = new Uri("https://localhost/in-memory");
            o.ClientId = "benchmarks";
        },
        new CoordinatedTokenProviderServices
        {
            CredentialsStore = store,
            TokenEndpointClient = new InMemoryEndpoint(TimeSpan.FromHours(8), exchange.RunAsync),
        });

    private sealed record Round(double OverMilliseconds, double BytesPerCaller, int TokenRequests);

    private sealed class Subject(Func<Task<string>> getAsync, Action dispose) : IDisposable
    {
        internal Task<string> GetAsync() => getAsync();

        public void Dispose() => dispose();
    }

    // Many exchanges in a row or at once take as long as the first began and the last ended.
    private sealed class Exchange
    {
        private long _start;
        private long _end;
        private int _requests;

        internal int Requests => _requests;

        internal TimeSpan Duration => Stopwatch.GetElapsedTime(_start, _end);

        internal async Task<(string Token, DateTimeOffset ExpiresAt)> RunAsync()
        {
            Interlocked.CompareExchange(ref _start, Stopwatch.GetTimestamp(), 0);
            Interlocked.Increment(ref _requests);
            await Task.Delay(Latency, TimeProvider.System);
            _end = Stopwatch.GetTimestamp();
            return ("new-access-token", TimeProvider.System.GetUtcNow().AddHours(8));
        }
    }
}
