using System.Runtime.CompilerServices;

namespace Heed.Tokenization.Jinja;

/// <summary>A parsed template: its statements, and the names its top level assigns that are unset until then.</summary>
internal sealed record Template(List<Statement> Body, IReadOnlyList<string> Unset);

/// <summary>
/// Tokens to tree. This file holds the statements, Parser.Expressions.cs the expressions; precedence and oddities follow
/// jinja2's parser.py (3.1): <c>~</c> binds tighter than <c>+</c>, a filter tighter than a unary minus' operand chain, and so on.
/// </summary>
internal sealed partial class Parser
{
    private readonly List<Token> tokens;
    private int at;
    private int depth;

    private Parser(List<Token> tokens) => this.tokens = tokens;

    /// <summary>Reads a template.</summary>
    /// <exception cref="TemplateException">Broken syntax, an unknown tag, filter or test, a tag that would load other templates, nesting too deep.</exception>
    public static Template Parse(string source)
    {
        var parser = new Parser(Lexer.Tokenize(source));
        var body = parser.Statements([]);
        Checker.Check(body);
        return new(body, NameAnalysis.Run(body));
    }

    private Token Current => tokens[at];

    private Token Following => tokens[Math.Min(at + 1, tokens.Count - 1)];

    private Token Take() => Current.Kind == TokenKind.End ? Current : tokens[at++];

    private bool SkipOperator(string op)
    {
        if (!Current.IsOperator(op)) return false;
        at++;
        return true;
    }

    private bool SkipName(string name)
    {
        if (!Current.IsName(name)) return false;
        at++;
        return true;
    }

    private void ExpectOperator(string op)
    {
        if (!SkipOperator(op)) throw Unexpected($"'{op}'");
    }

    private Token ExpectName() => Current.Kind == TokenKind.Name ? Take() : throw Unexpected("a name");

    private void Expect(TokenKind kind)
    {
        if (Current.Kind != kind) throw Unexpected(new Token(kind, "", 0).Describe());
        Take();
    }

    private TemplateException Unexpected(string expected) => Fault.Syntax($"expected {expected}, got {Current.Describe()}", Current.Line);

    private void Enter()
    {
        if (++depth > Budget.MaxSourceDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw TooDeep();
    }

    private TemplateException TooDeep() => Fault.Syntax($"the template nests more than {Budget.MaxSourceDepth} levels deep", Current.Line);

    /// <summary>Notes a finished node's depth and refuses one that would be too deep to evaluate.</summary>
    private T Made<T>(T node) where T : Node
    {
        foreach (var child in node.Children) node.Depth = Math.Max(node.Depth, child.Depth);
        if (++node.Depth > Budget.MaxSourceDepth) throw TooDeep();
        return node;
    }

    /// <summary>Text, prints and tags up to one of the end tags, which stays the current token; with none, to the template's end.</summary>
    private List<Statement> Statements(string[] ends)
    {
        Enter();
        var body = new List<Statement>();
        var output = new List<Expression>();
        var outputLine = 0;
        while (true)
        {
            var token = Current;
            switch (token.Kind)
            {
                case TokenKind.Data:
                    if (output.Count == 0) outputLine = token.Line;
                    output.Add(new Literal(token.Value) { Line = token.Line, Depth = 1 });
                    Take();
                    continue;
                case TokenKind.VariableBegin:
                    Take();
                    if (output.Count == 0) outputLine = token.Line;
                    // One line for an error: a print that spans lines is a statement of its own.
                    else if (outputLine != token.Line) Flush(token.Line);
                    output.Add(Tuple());
                    Expect(TokenKind.VariableEnd);
                    continue;
                case TokenKind.BlockBegin:
                    Flush(0);
                    Take();
                    if (Current.Kind == TokenKind.Name && ends.Contains((string)Current.Value))
                    {
                        depth--;
                        return body;
                    }
                    body.Add(Made(Statement(ends)));
                    Expect(TokenKind.BlockEnd);
                    continue;
                default:
                    Flush(0);
                    if (ends.Length > 0) throw Fault.Syntax($"unexpected end of template; looking for {string.Join(" or ", ends)}", token.Line);
                    depth--;
                    return body;
            }
        }

        void Flush(int nextLine)
        {
            if (output.Count > 0) body.Add(Made(new Output([.. output]) { Line = outputLine }));
            output.Clear();
            outputLine = nextLine;
        }
    }

    /// <summary>The rest of an opening tag and the body up to an end tag.</summary>
    private List<Statement> Body(params string[] ends)
    {
        SkipOperator(":");
        Expect(TokenKind.BlockEnd);
        return Statements(ends);
    }

    /// <summary>As <see cref="Body"/>, with one possible end, which is passed over.</summary>
    private List<Statement> BodyTo(string end)
    {
        var body = Body(end);
        Take();
        return body;
    }

    private Statement Statement(string[] ends)
    {
        if (Current.Kind != TokenKind.Name) throw Fault.Syntax("tag name expected", Current.Line);
        var tag = Take();
        return (string)tag.Value switch
        {
            "for" => For(tag.Line),
            "if" => If(tag.Line),
            "set" => Set(tag.Line),
            "macro" => Macro(tag.Line),
            "call" => CallBlock(tag.Line),
            "filter" => FilterBlock(tag.Line),
            "with" => With(tag.Line),
            "block" => Block(tag.Line),
            "print" => Print(tag.Line),
            "generation" => new Generation(new(null, [], [], BodyTo("endgeneration"))) { Line = tag.Line },
            "break" => new LoopControl(Flow.Break) { Line = tag.Line },
            "continue" => new LoopControl(Flow.Continue) { Line = tag.Line },
            "autoescape" => AutoEscape(tag.Line),
            "extends" or "include" or "import" or "from" =>
                throw Fault.Syntax($"'{tag.Value}' loads another template, which a chat template cannot; put its text into this one", tag.Line),
            _ => throw Fault.Syntax($"unknown tag '{tag.Value}'" + (ends.Length > 0 ? $"; looking for {string.Join(" or ", ends)}" : ""), tag.Line),
        };
    }

    private For For(int line)
    {
        var target = Target(endsWithIn: true);
        if (!SkipName("in")) throw Unexpected("'in'");
        var iterable = Tuple(withConditional: false, end: "recursive");
        var test = SkipName("if") ? Expression() : null;
        var recursive = SkipName("recursive");
        var body = Body("endfor", "else");
        List<Statement> otherwise = [];
        if (Take().IsName("else")) otherwise = BodyTo("endfor");
        return new For(target, iterable, test, recursive, body, otherwise) { Line = line };
    }

    private If If(int line)
    {
        var branches = new List<(Expression, List<Statement>)>();
        while (true)
        {
            branches.Add((Tuple(withConditional: false), Body("elif", "else", "endif")));
            var end = Take();
            if (end.IsName("elif")) continue;
            return new If(branches, end.IsName("else") ? BodyTo("endif") : []) { Line = line };
        }
    }

    private Statement Set(int line)
    {
        var target = Target(withNamespace: true);
        if (SkipOperator("=")) return new Assign(target, Tuple()) { Line = line };
        var filter = FilterChain(null);
        return new AssignBlock(target, (Filter?)filter, BodyTo("endset")) { Line = line };
    }

    private (List<Name>, List<Expression>) Signature()
    {
        var parameters = new List<Name>();
        var defaults = new List<Expression>();
        ExpectOperator("(");
        while (!Current.IsOperator(")"))
        {
            if (parameters.Count > 0) ExpectOperator(",");
            var name = NameTarget();
            if (parameters.Exists(other => other.Id == name.Id)) throw Fault.Syntax($"duplicate argument '{name.Id}'", name.Line);
            if (SkipOperator("=")) defaults.Add(Expression());
            else if (defaults.Count > 0) throw Fault.Syntax("non-default argument follows default argument", name.Line);
            parameters.Add(name);
        }
        ExpectOperator(")");
        return (parameters, defaults);
    }

    private MacroStatement Macro(int line)
    {
        var name = NameTarget();
        var (parameters, defaults) = Signature();
        return new MacroStatement(new(name.Id, parameters, defaults, BodyTo("endmacro"))) { Line = line };
    }

    private CallBlock CallBlock(int line)
    {
        var (parameters, defaults) = Current.IsOperator("(") ? Signature() : ([], []);
        if (Expression() is not Call call) throw Fault.Syntax("expected a call of a macro", line);
        return new CallBlock(call, new(null, parameters, defaults, BodyTo("endcall"))) { Line = line };
    }

    private FilterBlock FilterBlock(int line) => new((Filter)FilterChain(null, startsInline: true)!, BodyTo("endfilter")) { Line = line };

    private With With(int line)
    {
        var bindings = new List<(Expression, Expression)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (bindings.Count > 0) ExpectOperator(",");
            var target = Target();
            ExpectOperator("=");
            bindings.Add((target, Expression()));
        }
        return new With(bindings, BodyTo("endwith")) { Line = line };
    }

    private With AutoEscape(int line)
    {
        if (Expression() is not Literal { Value: false }) throw Fault.Syntax("autoescape is off in chat templates and cannot be switched on", line);
        return new With([], BodyTo("endautoescape")) { Line = line };
    }

    private Block Block(int line)
    {
        var name = (string)ExpectName().Value;
        var scoped = SkipName("scoped");
        SkipName("required");
        var body = BodyTo("endblock");
        SkipName(name);
        return new Block(name, scoped, body) { Line = line };
    }

    private Output Print(int line)
    {
        var parts = new List<Expression>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (parts.Count > 0) ExpectOperator(",");
            parts.Add(Expression());
        }
        return new Output(parts) { Line = line };
    }
}
