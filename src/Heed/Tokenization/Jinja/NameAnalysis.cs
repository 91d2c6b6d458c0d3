namespace Heed.Tokenization.Jinja;

/// <summary>placeholder</summary>
internal static class NameAnalysis
{
    public static void Run(List<Statement> template) => _ = template;

    public static IReadOnlyList<string> UnsetAtTop(List<Statement> template) { _ = template; return []; }
}
