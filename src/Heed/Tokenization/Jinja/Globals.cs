using System.Numerics;

namespace Heed.Tokenization.Jinja;

/// <summary>The functions every chat template can call.</summary>
internal static class Globals
{
    public static Scope MakeScope()
    {
        var scope = new Scope(null);
        scope.Set("raise_exception", new FunctionValue("raise_exception", (r, arguments) =>
        {
            var message = arguments.Required("message");
            arguments.Done();
            throw new TemplateException(FaultKind.Raised, Text.Str(r.Budget, message));
        }));
        scope.Set("strftime_now", new FunctionValue("strftime_now", (r, arguments) =>
        {
            var format = StringMethods.Operand(arguments.Required("format"));
            arguments.Done();
            return r.Budget.Made(Strftime.Format(r.Now, format));
        }));
        scope.Set("range", new TypeFunction("range", "range", Range));
        scope.Set("dict", new TypeFunction("dict", "dict", Dict));
        scope.Set("namespace", new TypeFunction("namespace", "jinja2.utils.Namespace", (r, arguments) =>
        {
            var space = new NamespaceValue();
            foreach (var (key, value) in ((DictValue)Dict(r, arguments)).Items) space.Attributes.Items[key] = value;
            return space;
        }));
        scope.Set("cycler", new TypeFunction("cycler", "jinja2.utils.Cycler", (_, arguments) =>
        {
            if (arguments.Keywords.Count > 0) throw Fault.Type($"Cycler.__init__() got an unexpected keyword argument '{arguments.Keywords[0].Name}'");
            if (arguments.Positional.Count == 0) throw Fault.Runtime("at least one item has to be provided");
            return new Cycler([.. arguments.Positional]);
        }));
        scope.Set("joiner", new TypeFunction("joiner", "jinja2.utils.Joiner", (_, arguments) =>
        {
            var separator = arguments.Optional("sep", ", ");
            arguments.Done();
            return new Joiner(separator);
        }));
        return scope;
    }

    private static object Range(Rendering r, Arguments arguments)
    {
        if (arguments.Keywords.Count > 0) throw Fault.Type("range() takes no keyword arguments");
        var bounds = arguments.Positional.Select(Arguments.ToInteger).ToArray();
        var (start, stop, step) = bounds.Length switch
        {
            1 => (0L, bounds[0], 1L),
            2 => (bounds[0], bounds[1], 1L),
            3 => (bounds[0], bounds[1], bounds[2]),
            _ => throw Fault.Type($"range expected 1 to 3 arguments, got {bounds.Length}"),
        };
        if (step == 0) throw Fault.Value("range() arg 3 must not be zero");
        var span = step > 0 ? (BigInteger)stop - start : (BigInteger)start - stop;
        var count = span <= 0 ? BigInteger.Zero : (span - 1) / BigInteger.Abs(step) + 1;
        if (count > Budget.MaxRange) throw Fault.Overflow($"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({Budget.MaxRange}).");
        return new RangeValue(start, stop, step, (long)count);
    }

    private static object Dict(Rendering r, Arguments arguments)
    {
        var dict = new DictValue();
        if (arguments.Positional.Count > 1) throw Fault.Type($"dict expected at most 1 argument, got {arguments.Positional.Count}");
        if (arguments.Positional.Count == 1)
        {
            if (arguments.Positional[0] is DictValue source)
            {
                r.Budget.Charge(source.Items.Count, 2 * Budget.ItemWeight);
                foreach (var (key, value) in source.Items) dict.Items[key] = value;
            }
            else
            {
                foreach (var pair in Iteration.Over(r.Budget, arguments.Positional[0]))
                {
                    var items = Iteration.ToList(r.Budget, pair);
                    if (items.Count != 2) throw Fault.Value($"dictionary update sequence element has length {items.Count}; 2 is required");
                    dict.Items[KeyComparer.Hashable(items[0])] = items[1];
                }
            }
        }
        foreach (var (name, value) in arguments.Keywords) dict.Items[name] = value;
        return dict;
    }
}
