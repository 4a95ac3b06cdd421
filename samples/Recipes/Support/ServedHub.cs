using Microsoft.AspNetCore.SignalR;

namespace Recipes.Support;

/// <summary>A SignalR hub.</summary>
internal sealed class ServedHub : Hub
{
    public string Answer() => RestAnswers.Text;
}
