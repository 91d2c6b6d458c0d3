namespace Heed.Tokenization.Jinja;

internal sealed partial class Parser
{
    /// <summary>A name, or names with commas and parentheses, to be assigned to.</summary>
    private Expression Target(bool endsWithIn = false, bool withNamespace = false)
    {
        var line = Current.Line;
        var target = Tuple(simple: true, end: endsWithIn ? "in" : null, withNamespace: withNamespace);
        MarkStored(target, line);
        return target;
    }

    private static void MarkStored(Expression target, int line)
    {
        switch (target)
        {
            case Name name: name.Store = true; break;
            case TupleExpression tuple: foreach (var item in tuple.Items) MarkStored(item, line); break;
            case NamespaceTarget: break;
            default: throw Fault.Syntax("cannot assign to this; a name, ns.attribute or a tuple of names is needed", line);
        }
    }

    private Name NameTarget()
    {
        var token = ExpectName();
        if ((string)token.Value is "true" or "false" or "none" or "True" or "False" or "None")
            throw Fault.Syntax($"cannot assign to '{token.Value}'", token.Line);
        return new Name((string)token.Value) { Line = token.Line, Depth = 1, Store = true };
    }

    private Expression Expression(bool withConditional = true)
    {
        Enter();
        var expression = withConditional ? ConditionalExpression() : Or();
        depth--;
        return expression;
    }

    private Expression ConditionalExpression()
    {
        var line = Current.Line;
        var value = Or();
        while (SkipName("if"))
        {
            var test = Or();
            Expression? otherwise = null;
            if (SkipName("else"))
            {
                Enter();
                otherwise = ConditionalExpression();
                depth--;
            }
            value = Made(new Conditional(test, value, otherwise) { Line = line });
            line = Current.Line;
        }
        return value;
    }

    private Expression Or()
    {
        var left = And();
        while (SkipName("or")) left = Made(new Logical(true, left, And()) { Line = left.Line });
        return left;
    }

    private Expression And()
    {
        var left = NotExpression();
        while (SkipName("and")) left = Made(new Logical(false, left, NotExpression()) { Line = left.Line });
        return left;
    }

    private Expression NotExpression()
    {
        if (!Current.IsName("not")) return Compare();
        var line = Take().Line;
        Enter();
        var operand = NotExpression();
        depth--;
        return Made(new Not(operand) { Line = line });
    }

    private Expression Compare()
    {
        var first = Sum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && (string)Current.Value is "==" or "!=" or "<" or "<=" or ">" or ">=")
            {
                var op = (string)Take().Value;
                rest.Add((op, Sum()));
            }
            else if (SkipName("in")) rest.Add(("in", Sum()));
            else if (Current.IsName("not") && Following.IsName("in"))
            {
                at += 2;
                rest.Add(("not in", Sum()));
            }
            else break;
        }
        return rest.Count == 0 ? first : Made(new Comparison(first, rest) { Line = first.Line });
    }

    private Expression Sum()
    {
        var left = Concatenated();
        while (Current.IsOperator("+") || Current.IsOperator("-"))
        {
            var op = (string)Take().Value;
            left = Made(new Binary(op, left, Concatenated()) { Line = left.Line });
        }
        return left;
    }

    private Expression Concatenated()
    {
        var first = Product();
        if (!Current.IsOperator("~")) return first;
        var parts = new List<Expression> { first };
        while (SkipOperator("~")) parts.Add(Product());
        return Made(new Concatenation(parts) { Line = first.Line });
    }

    private Expression Product()
    {
        var left = Power();
        while (Current.Kind == TokenKind.Operator && (string)Current.Value is "*" or "/" or "//" or "%")
        {
            var op = (string)Take().Value;
            left = Made(new Binary(op, left, Power()) { Line = left.Line });
        }
        return left;
    }

    private Expression Power()
    {
        var left = UnaryExpression();
        while (SkipOperator("**")) left = Made(new Binary("**", left, UnaryExpression()) { Line = left.Line });
        return left;
    }

    private Expression UnaryExpression(bool withFilter = true)
    {
        var token = Current;
        Expression node;
        if (token.IsOperator("-") || token.IsOperator("+"))
        {
            Take();
            Enter();
            node = Made(new Unary(((string)token.Value)[0], UnaryExpression(withFilter: false)) { Line = token.Line });
            depth--;
        }
        else node = Primary();
        node = Postfix(node);
        return withFilter ? FiltersAndTests(node) : node;
    }

    private Expression Primary(bool withNamespace = false)
    {
        var token = Current;
        var line = token.Line;
        switch (token.Kind)
        {
            case TokenKind.Name:
                Take();
                switch ((string)token.Value)
                {
                    case "true" or "True": return new Literal(Values.True) { Line = line, Depth = 1 };
                    case "false" or "False": return new Literal(Values.False) { Line = line, Depth = 1 };
                    case "none" or "None": return new Literal(None.Value) { Line = line, Depth = 1 };
                }
                if (withNamespace && SkipOperator("."))
                    return new NamespaceTarget((string)token.Value, (string)ExpectName().Value) { Line = line, Depth = 1 };
                return new Name((string)token.Value) { Line = line, Depth = 1 };
            case TokenKind.Text:
                Take();
                var text = (string)token.Value;
                if (Current.Kind == TokenKind.Text)
                {
                    var all = new System.Text.StringBuilder(text);
                    while (Current.Kind == TokenKind.Text) all.Append((string)Take().Value);
                    text = all.ToString();
                }
                return new Literal(text) { Line = line, Depth = 1 };
            case TokenKind.Integer or TokenKind.Float:
                Take();
                return new Literal(token.Value) { Line = line, Depth = 1 };
            case TokenKind.Operator when token.IsOperator("("):
                Take();
                var tuple = Tuple(inParentheses: true);
                ExpectOperator(")");
                return tuple;
            case TokenKind.Operator when token.IsOperator("["): return List();
            case TokenKind.Operator when token.IsOperator("{"): return Dict();
            default: throw Fault.Syntax($"unexpected {token.Describe()}", line);
        }
    }

    /// <summary>An expression, or several with commas, which are a tuple. <paramref name="simple"/>: names and literals only.</summary>
    private Expression Tuple(bool simple = false, bool withConditional = true, string? end = null, bool inParentheses = false, bool withNamespace = false)
    {
        var line = Current.Line;
        var items = new List<Expression>();
        var isTuple = false;
        Enter();
        while (true)
        {
            if (items.Count > 0) ExpectOperator(",");
            if (Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || Current.IsOperator(")") || (end is not null && Current.IsName(end))) break;
            items.Add(simple ? Primary(withNamespace) : Expression(withConditional));
            if (!Current.IsOperator(",")) break;
            isTuple = true;
        }
        depth--;
        if (!isTuple)
        {
            if (items.Count > 0) return items[0];
            if (!inParentheses) throw Fault.Syntax($"expected an expression, got {Current.Describe()}", Current.Line);
        }
        return Made(new TupleExpression(items) { Line = line });
    }

    private ListExpression List()
    {
        var line = Take().Line;
        var items = new List<Expression>();
        while (!Current.IsOperator("]"))
        {
            if (items.Count > 0) ExpectOperator(",");
            if (Current.IsOperator("]")) break;
            items.Add(Expression());
        }
        ExpectOperator("]");
        return Made(new ListExpression(items) { Line = line });
    }

    private DictExpression Dict()
    {
        var line = Take().Line;
        var pairs = new List<(Expression, Expression)>();
        while (!Current.IsOperator("}"))
        {
            if (pairs.Count > 0) ExpectOperator(",");
            if (Current.IsOperator("}")) break;
            var key = Expression();
            ExpectOperator(":");
            pairs.Add((key, Expression()));
        }
        ExpectOperator("}");
        return Made(new DictExpression(pairs) { Line = line });
    }

    private Expression Postfix(Expression node)
    {
        while (true)
        {
            if (Current.IsOperator(".") || Current.IsOperator("[")) node = Subscript(node);
            else if (Current.IsOperator("("))
            {
                var line = Current.Line;
                node = Made(new Call(node, CallArguments()) { Line = line });
            }
            else return node;
        }
    }

    private Expression FiltersAndTests(Expression node)
    {
        while (true)
        {
            if (Current.IsOperator("|")) node = FilterChain(node)!;
            else if (Current.IsName("is")) node = TestExpression(node);
            // A filter's or test's result can be called.
            else if (Current.IsOperator("(")) node = Made(new Call(node, CallArguments()) { Line = node.Line });
            else return node;
        }
    }

    private Expression Subscript(Expression node)
    {
        var token = Take();
        if (token.IsOperator("."))
        {
            var attribute = Take();
            return attribute.Kind switch
            {
                TokenKind.Name => Made(new AttributeAccess(node, (string)attribute.Value) { Line = token.Line }),
                TokenKind.Integer => Made(new ItemAccess(node, new Literal(attribute.Value) { Line = token.Line, Depth = 1 }) { Line = token.Line }),
                _ => throw Fault.Syntax("expected name or number after '.'", attribute.Line),
            };
        }
        var keys = new List<Expression>();
        while (!Current.IsOperator("]"))
        {
            if (keys.Count > 0) ExpectOperator(",");
            keys.Add(Subscribed());
        }
        ExpectOperator("]");
        var key = keys.Count == 1 ? keys[0] : Made(new TupleExpression(keys) { Line = token.Line });
        return Made(new ItemAccess(node, key) { Line = token.Line });
    }

    /// <summary>An index, or a slice start:stop:step of which every part may be missing.</summary>
    private Expression Subscribed()
    {
        var line = Current.Line;
        Expression? start = null;
        if (!Current.IsOperator(":"))
        {
            start = Expression();
            if (!Current.IsOperator(":")) return start;
        }
        ExpectOperator(":");
        var stop = Current.IsOperator(":") || Current.IsOperator("]") || Current.IsOperator(",") ? null : Expression();
        Expression? step = null;
        if (SkipOperator(":") && !Current.IsOperator("]") && !Current.IsOperator(",")) step = Expression();
        return Made(new SliceExpression(start, stop, step) { Line = line });
    }

    private CallArguments CallArguments()
    {
        var line = Current.Line;
        ExpectOperator("(");
        var positional = new List<Expression>();
        var keywords = new List<(string, Expression)>();
        Expression? star = null, starStar = null;
        var first = true;
        while (!Current.IsOperator(")"))
        {
            if (!first)
            {
                ExpectOperator(",");
                if (Current.IsOperator(")")) break;
            }
            first = false;
            var valid = starStar is null;
            if (SkipOperator("*"))
            {
                valid &= star is null;
                star = Expression();
            }
            else if (SkipOperator("**")) starStar = Expression();
            else if (Current.Kind == TokenKind.Name && Following.IsOperator("="))
            {
                var name = (string)Current.Value;
                at += 2;
                if (keywords.Exists(pair => pair.Item1 == name)) throw Fault.Syntax($"keyword argument repeated: {name}", line);
                keywords.Add((name, Expression()));
            }
            else
            {
                valid &= star is null && keywords.Count == 0;
                positional.Add(Expression());
            }
            if (!valid) throw Fault.Syntax("invalid order of arguments in a call", line);
        }
        ExpectOperator(")");
        return new CallArguments(positional, keywords, star, starStar);
    }

    private string DottedName()
    {
        var name = (string)ExpectName().Value;
        while (SkipOperator(".")) name += "." + (string)ExpectName().Value;
        return name;
    }

    /// <summary>The filters that follow, applied to <paramref name="node"/> (null: to the block's text).</summary>
    private Expression? FilterChain(Expression? node, bool startsInline = false)
    {
        while (Current.IsOperator("|") || startsInline)
        {
            if (!startsInline) Take();
            startsInline = false;
            var line = Current.Line;
            var name = DottedName();
            var arguments = Current.IsOperator("(") ? CallArguments() : Jinja.CallArguments.Nothing;
            node = Made(new Filter(node, name, arguments) { Line = line });
        }
        return node;
    }

    private Expression TestExpression(Expression node)
    {
        var line = Take().Line;
        var negated = SkipName("not");
        var name = DottedName();
        var arguments = Jinja.CallArguments.Nothing;
        if (Current.IsOperator("(")) arguments = CallArguments();
        else if ((Current.Kind is TokenKind.Name or TokenKind.Text or TokenKind.Integer or TokenKind.Float || Current.IsOperator("[") || Current.IsOperator("{"))
            && !Current.IsName("else") && !Current.IsName("or") && !Current.IsName("and"))
        {
            if (Current.IsName("is")) throw Fault.Syntax("You cannot chain multiple tests with is", line);
            Enter();
            arguments = new CallArguments([Postfix(Primary())], [], null, null);
            depth--;
        }
        Expression test = Made(new Test(node, name, arguments) { Line = line });
        return negated ? Made(new Not(test) { Line = line }) : test;
    }
}
