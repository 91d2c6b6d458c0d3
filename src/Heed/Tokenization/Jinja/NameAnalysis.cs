namespace Heed.Tokenization.Jinja;

/// <summary>
/// Finds, per scope, the names that are unset until the scope assigns them (see <see cref="Scope"/>): those whose first
/// mention in the scope is an assignment outside of branches, and that no scope around it mentions anywhere. Jinja2
/// decides the same when it compiles; a name assigned only in a branch is looked up outside when the branch is not taken.
/// </summary>
internal static class NameAnalysis
{
    /// <summary>Fills in the scopes of the whole template and returns the names of its top level.</summary>
    public static IReadOnlyList<string> Run(List<Statement> template) => Frame(null, [], template);

    /// <summary>One scope: its parameters, then what stands in it; inner scopes only once this one's names are complete.</summary>
    private static IReadOnlyList<string> Frame(Names? parent, IEnumerable<string> parameters, IEnumerable<Node> nodes)
    {
        var names = new Names(parent);
        foreach (var parameter in parameters) names.Kinds[parameter] = Kind.Elsewhere;
        foreach (var node in nodes) Visit(node, names);
        for (var i = 0; i < names.Inner.Count; i++) names.Inner[i]();
        return [.. names.Kinds.Where(pair => pair.Value == Kind.Unset).Select(pair => pair.Key)];
    }

    private static void Visit(Node node, Names names)
    {
        switch (node)
        {
            case Name { Store: true } name: names.Store(name.Id); return;
            case Name name: names.Load(name.Id); return;
            case NamespaceTarget target: names.Load(target.Id); return;
            case If branches: Branches(branches, names); return;
            case Assign assign:
                Visit(assign.Value, names);
                Visit(assign.Target, names);
                return;
            case For loop:
                Visit(loop.Iterable, names);
                names.Inner.Add(() =>
                {
                    loop.Unset = Frame(names.Whole, Targets(loop.Target).Append("loop"), loop.Body);
                    loop.UnsetOtherwise = Frame(names.Whole, [], loop.Otherwise);
                });
                return;
            case MacroStatement macro:
                names.Store(macro.Definition.Name!);
                Macro(macro.Definition, names);
                return;
            case CallBlock block:
                Visit(block.Call, names);
                Macro(block.Definition, names);
                return;
            case Generation generation: Macro(generation.Definition, names); return;
            case AssignBlock block:
                Visit(block.Target, names);
                names.Inner.Add(() => block.Unset = Frame(names.Whole, [], block.Body));
                return;
            case FilterBlock block:
                Visit(block.Filter, names);
                names.Inner.Add(() => block.Unset = Frame(names.Whole, [], block.Body));
                return;
            case With with:
                foreach (var (_, value) in with.Bindings) Visit(value, names);
                names.Inner.Add(() => with.Unset = Frame(names.Whole, with.Bindings.SelectMany(pair => Targets(pair.Target)), with.Body));
                return;
            case Block block:
                names.Inner.Add(() => block.Unset = Frame(null, [], block.Body));
                return;
        }
        foreach (var child in node.Children) Visit(child, names);
    }

    private static void Macro(MacroDefinition definition, Names names) => names.Inner.Add(() => definition.Unset = Frame(names.Whole,
        definition.Parameters.Select(parameter => parameter.Id).Concat(
            new[] { definition.UsesCaller ? "caller" : null, definition.UsesKeywords ? "kwargs" : null, definition.UsesRest ? "varargs" : null }.OfType<string>()),
        definition.Defaults.Concat<Node>(definition.Body)));

    private static IEnumerable<string> Targets(Node target) => target is Name name ? [name.Id] : target.Children.SelectMany(Targets);

    /// <summary>Branches see what came before, not each other; what only they assign may come from outside.</summary>
    private static void Branches(If node, Names names)
    {
        Visit(node.Branches[0].Test, names);
        var (body, elifs, otherwise) = (names.Branch(), names.Branch(), names.Branch());
        foreach (var statement in node.Branches[0].Body) Visit(statement, body);
        foreach (var (test, statements) in node.Branches.Skip(1))
        {
            // Jinja2 sees the elifs as one branch in which one if follows the other.
            Visit(test, elifs);
            var elif = elifs.Branch();
            foreach (var statement in statements) Visit(statement, elif);
            elifs.TakeIn([elif]);
        }
        foreach (var statement in node.Otherwise) Visit(statement, otherwise);
        names.TakeIn([body, elifs, otherwise]);
    }

    /// <summary>Where a name of a scope gets its value when the scope opens.</summary>
    private enum Kind
    {
        /// <summary>From outside, or as a parameter.</summary>
        Elsewhere,

        /// <summary>Nowhere: it has none until it is assigned.</summary>
        Unset,
    }

    /// <summary>The names mentioned so far in one scope.</summary>
    private sealed class Names(Names? parent)
    {
        private readonly HashSet<string> stored = new(StringComparer.Ordinal);

        public Dictionary<string, Kind> Kinds { get; private init; } = new(StringComparer.Ordinal);

        /// <summary>What is still to be done for the scopes inside, shared with the copies for branches.</summary>
        public List<Action> Inner { get; private init; } = [];

        private bool IsKnownOutside(string name)
        {
            for (var outer = parent; outer is not null; outer = outer.Parent)
                if (outer.Kinds.ContainsKey(name)) return true;
            return false;
        }

        private Names? Parent => parent;
        private Names? whole;

        /// <summary>The scope itself, of which this may be the copy for a branch; scopes inside see all of it.</summary>
        public Names Whole => whole ?? this;

        public void Load(string name)
        {
            if (!Kinds.ContainsKey(name) && !IsKnownOutside(name)) Kinds[name] = Kind.Elsewhere;
        }

        public void Store(string name)
        {
            stored.Add(name);
            if (!Kinds.ContainsKey(name)) Kinds[name] = IsKnownOutside(name) ? Kind.Elsewhere : Kind.Unset;
        }

        /// <summary>A copy for a branch of this scope.</summary>
        public Names Branch()
        {
            var copy = new Names(parent) { Kinds = new(Kinds, StringComparer.Ordinal), Inner = Inner, whole = Whole };
            copy.stored.UnionWith(stored);
            return copy;
        }

        /// <summary>Takes over what branches mentioned; what they assigned and this scope had not is looked up outside.</summary>
        public void TakeIn(List<Names> branches)
        {
            var fresh = new HashSet<string>(branches.SelectMany(branch => branch.stored), StringComparer.Ordinal);
            fresh.ExceptWith(stored);
            foreach (var branch in branches)
            {
                foreach (var (name, kind) in branch.Kinds) Kinds[name] = kind;
                stored.UnionWith(branch.stored);
            }
            foreach (var name in fresh) Kinds[name] = Kind.Elsewhere;
        }
    }
}
