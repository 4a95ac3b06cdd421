using System.ComponentModel;
using ModelContextProtocol.Server;

namespace Recipes.Support;

/// <summary>The tools of an MCP server.</summary>
[McpServerToolType]
internal sealed class ServedTools
{
    [McpServerTool(Name = "answer"), Description("Answers.")]
    public static string Answer() => RestAnswers.Text;
}
