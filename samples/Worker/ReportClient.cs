namespace Worker;

/// <summary>The typed client of the API. It knows nothing of tokens.</summary>
internal sealed class ReportClient(HttpClient http)
{
    public async Task<int> ReadAsync(int number, CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await http.GetAsync(new Uri($"reports/{number}", UriKind.Relative), cancellationToken);
        return (int)answer.EnsureSuccessStatusCode().StatusCode;
    }
}
