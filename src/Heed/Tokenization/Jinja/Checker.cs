namespace Heed.Tokenization.Jinja;

/// <summary>
/// What Jinja2 finds out when it compiles: unknown filters and tests (inside <c>if</c> only when they are reached),
/// loop controls outside loops, assignments to <c>loop</c>, blocks defined twice, and which of the special names a macro uses.
/// </summary>
internal sealed class Checker
{
    private readonly HashSet<string> blocks = new(StringComparer.Ordinal);

    public static void Check(List<Statement> template) => new Checker().All(template, soft: false, inLoop: false);

    private void All(IEnumerable<Node> nodes, bool soft, bool inLoop)
    {
        foreach (var node in nodes) Visit(node, soft, inLoop);
    }

    /// <param name="node">Where to look.</param>
    /// <param name="soft">Inside an <c>if</c> of the same scope: unknown names wait until they are reached.</param>
    /// <param name="inLoop">Inside a loop of the same function, so that break and continue have an aim.</param>
    private void Visit(Node node, bool soft, bool inLoop)
    {
        switch (node)
        {
            case Filter filter when !soft && !Filters.Exists(filter.Name):
                throw Fault.Syntax($"No filter named '{filter.Name}'.", node.Line);
            case Test test when !soft && !Tests.Exists(test.Name):
                throw Fault.Syntax($"No test named '{test.Name}'.", node.Line);
            case LoopControl when !inLoop:
                throw Fault.Syntax("break or continue outside of a loop", node.Line);
            case If or Conditional:
                All(node.Children, soft: true, inLoop);
                return;
            case For loop:
                if (StoresLoop(loop)) throw Fault.Syntax("Can't assign to special loop variable in for-loop target", node.Line);
                Visit(loop.Iterable, soft, inLoop);
                if (loop.Test is not null) Visit(loop.Test, soft: false, inLoop: false);
                All(loop.Body, soft: false, inLoop: true);
                All(loop.Otherwise, soft: false, inLoop && !loop.Recursive);
                return;
            case MacroStatement macro: Macro(macro.Definition); return;
            case Generation generation: Macro(generation.Definition); return;
            case CallBlock block:
                Visit(block.Call, soft, inLoop);
                Macro(block.Definition);
                return;
            case FilterBlock or AssignBlock or With:
                All(node.Children, soft: false, inLoop);
                return;
            case Block block:
                if (!blocks.Add(block.Name)) throw Fault.Syntax($"block '{block.Name}' defined twice", node.Line);
                All(block.Body, soft: false, inLoop: false);
                return;
        }
        All(node.Children, soft, inLoop);
    }

    private void Macro(MacroDefinition definition)
    {
        var used = Undeclared(definition.Body, "caller", "kwargs", "varargs");
        bool Has(string name) => definition.Parameters.Exists(parameter => parameter.Id == name);
        definition.UsesCaller = used.Contains("caller");
        definition.UsesKeywords = used.Contains("kwargs") && !Has("kwargs");
        definition.UsesRest = used.Contains("varargs") && !Has("varargs");
        var caller = definition.Parameters.FindIndex(parameter => parameter.Id == "caller");
        if (definition.UsesCaller && caller >= 0 && caller < definition.Parameters.Count - definition.Defaults.Count)
            throw Fault.Syntax("the special \"caller\" argument of a macro must be omitted or be given a default", definition.Parameters[caller].Line);
        All(definition.Defaults, soft: false, inLoop: false);
        All(definition.Body, soft: false, inLoop: false);
    }

    private static bool StoresLoop(Node node) =>
        node is Name { Id: "loop", Store: true } || node.Children.Any(StoresLoop);

    /// <summary>Which of the names are read in the nodes before being assigned (blocks are not looked into).</summary>
    private static HashSet<string> Undeclared(IEnumerable<Node> nodes, params string[] names)
    {
        var open = new HashSet<string>(names, StringComparer.Ordinal);
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in nodes) Visit(node);
        return found;

        void Visit(Node node)
        {
            if (node is Block) return;
            if (node is Name name && open.Contains(name.Id))
            {
                if (name.Store) open.Remove(name.Id);
                else found.Add(name.Id);
            }
            foreach (var child in node.Children) Visit(child);
        }
    }
}
