using System.Numerics;

namespace Heed.Tokenization.Jinja;

/// <summary>Python's <c>==</c>, <c>&lt;</c>, <c>in</c> and stable sort over template values.</summary>
internal static class Equality
{
    public static bool Same(Budget budget, object left, object right)
    {
        budget.Step();
        if (Values.IsText(left, out var a)) return Values.IsText(right, out var b) && a == b;
        switch (left)
        {
            case None: return right is None;
            case Undefined: return right is Undefined;
            case long or BigInteger or bool or double: return Numbers(left, right);
            case ListValue l: return right is ListValue list && All(budget, l.Items, list.Items);
            case TupleValue l: return right is TupleValue t && All(budget, l.Items, t.Items);
            case RangeValue l:
                return right is RangeValue s && l.Count == s.Count
                    && (l.Count == 0 || (l.Start == s.Start && (l.Count == 1 || l.Step == s.Step)));
            case DictValue l:
                if (right is not DictValue d || l.Items.Count != d.Items.Count) return false;
                if (ReferenceEquals(l, d)) return true;
                budget.Enter();
                foreach (var (key, value) in l.Items)
                    if (d.Find(key) is not { } other || !Same(budget, value, other)) { budget.Leave(); return false; }
                budget.Leave();
                return true;
            case DictView { Kind: not "values" } l when right is DictView { Kind: not "values" } r:
                return Sets(budget, l, r);
            default: return ReferenceEquals(left, right);
        }
    }

    private static bool Sets(Budget budget, DictView left, DictView right)
    {
        if (left.Dict.Items.Count != right.Dict.Items.Count) return false;
        foreach (var item in Iteration.Over(budget, left))
            if (!Contains(budget, item, right)) return false;
        return true;
    }

    private static bool Numbers(object left, object right)
    {
        if (left is long a && right is long b) return a == b;
        if (left is double x)
            return right is double y ? x == y : Values.IsInteger(right, out var n) && double.IsInteger(x) && new BigInteger(x) == n;
        if (right is double z) return Values.IsInteger(left, out var n) && double.IsInteger(z) && new BigInteger(z) == n;
        return Values.IsInteger(left, out var l) && Values.IsInteger(right, out var r) && l == r;
    }

    private static bool All(Budget budget, IList<object> left, IList<object> right)
    {
        if (left.Count != right.Count) return false;
        if (ReferenceEquals(left, right)) return true;
        budget.Enter();
        for (var i = 0; i < left.Count; i++)
            if (!Same(budget, left[i], right[i])) { budget.Leave(); return false; }
        budget.Leave();
        return true;
    }

    /// <summary><c>left &lt; right</c> (or ≤ with <paramref name="orEqual"/>); faults as Python does for types without an order.</summary>
    public static bool Less(Budget budget, object left, object right, bool orEqual, string op)
    {
        budget.Step();
        if (Values.IsText(left, out var a) && Values.IsText(right, out var b))
        {
            var order = CodePoints.Compare(a, b);
            return orEqual ? order <= 0 : order < 0;
        }
        if (left is long m && right is long n) return orEqual ? m <= n : m < n;
        if (Arithmetic.IsNumber(left) && Arithmetic.IsNumber(right))
        {
            if (left is double || right is double)
            {
                var (x, y) = (Arithmetic.ToDouble(left), Arithmetic.ToDouble(right));
                return orEqual ? x <= y : x < y;
            }
            Values.IsInteger(left, out var i);
            Values.IsInteger(right, out var j);
            return orEqual ? i <= j : i < j;
        }
        if (left is ListValue l && right is ListValue r) return Lexicographic(budget, l.Items, r.Items, orEqual, op);
        if (left is TupleValue t && right is TupleValue u) return Lexicographic(budget, t.Items, u.Items, orEqual, op);
        if (left is Undefined undefined) throw undefined.Fail();
        if (right is Undefined other) throw other.Fail();
        throw Fault.Type($"'{op}' not supported between instances of '{Values.TypeName(left)}' and '{Values.TypeName(right)}'");
    }

    private static bool Lexicographic(Budget budget, IList<object> left, IList<object> right, bool orEqual, string op)
    {
        budget.Enter();
        for (var i = 0; i < left.Count && i < right.Count; i++)
        {
            if (Same(budget, left[i], right[i])) continue;
            var less = Less(budget, left[i], right[i], orEqual, op);
            budget.Leave();
            return less;
        }
        budget.Leave();
        return orEqual ? left.Count <= right.Count : left.Count < right.Count;
    }

    /// <summary><c>item in container</c>.</summary>
    public static bool Contains(Budget budget, object item, object container)
    {
        if (Values.IsText(container, out var text))
        {
            if (!Values.IsText(item, out var part))
                throw Fault.Type($"'in <string>' requires string as left operand, not {Values.TypeName(item)}");
            budget.Charge(text.Length);
            return text.Contains(part, StringComparison.Ordinal);
        }
        switch (container)
        {
            case DictValue d: return d.Find(KeyComparer.Hashable(item)) is not null;
            case DictView { Kind: "keys" } v: return v.Dict.Find(KeyComparer.Hashable(item)) is not null;
            case RangeValue r when Values.IsInteger(item, out var n):
                var offset = n - r.Start;
                return r.Count > 0 && (offset % r.Step).IsZero && offset / r.Step >= 0 && offset / r.Step < r.Count;
        }
        foreach (var candidate in Iteration.Over(budget, container, $"argument of type '{Values.TypeName(container)}' is not iterable"))
            if (ReferenceEquals(candidate, item) || Same(budget, candidate, item)) return true;
        return false;
    }

    /// <summary>Python's <c>sorted</c>: stable, also when reversed; only <c>&lt;</c> is asked of the keys. (.NET's sorts would wrap a fault.)</summary>
    public static List<object> Sorted(Budget budget, List<object> items, Func<object, object> key, bool reverse)
    {
        budget.Charge(items.Count);
        var keyed = new (object Key, object Item)[items.Count];
        for (var i = 0; i < keyed.Length; i++) keyed[i] = (key(items[i]), items[i]);
        var from = keyed;
        var to = new (object Key, object Item)[keyed.Length];
        for (long width = 1; width < keyed.Length; width *= 2)
        {
            for (long low = 0; low < keyed.Length; low += 2 * width)
            {
                var (middle, high) = (Math.Min(low + width, keyed.Length), Math.Min(low + 2 * width, keyed.Length));
                var (left, right) = (low, middle);
                for (var at = low; at < high; at++)
                {
                    var takeRight = left >= middle || (right < high && Before(from[right].Key, from[left].Key));
                    to[at] = takeRight ? from[right++] : from[left++];
                }
            }
            (from, to) = (to, from);
        }
        return [.. from.Select(pair => pair.Item)];

        bool Before(object a, object b) => reverse ? Less(budget, b, a, false, "<") : Less(budget, a, b, false, "<");
    }
}

/// <summary>Dict keys: equal as Python's <c>==</c> with a hash that agrees (1, 1.0 and True are the same key).</summary>
internal sealed class KeyComparer : IEqualityComparer<object>
{
    public static readonly KeyComparer Instance = new();

    // Keys are small; a budget of their own keeps a hostile nest of tuples from recursing without end.
    public new bool Equals(object? x, object? y) =>
        x is string a && y is string b ? a == b : Equality.Same(new Budget(0), x!, y!);

    public int GetHashCode(object value) => Hash(value, 0);

    private static int Hash(object value, int depth) => value switch
    {
        string s => string.GetHashCode(s, StringComparison.Ordinal),
        Markup m => string.GetHashCode(m.Text, StringComparison.Ordinal),
        bool b => (b ? 1L : 0L).GetHashCode(),
        long n => n.GetHashCode(),
        double d when double.IsInteger(d) && Math.Abs(d) < 9e18 => ((long)d).GetHashCode(),
        double d when double.IsInteger(d) => new BigInteger(d).GetHashCode(),
        double d => d.GetHashCode(),
        BigInteger n => n.GetHashCode(),
        Undefined => 7,
        TupleValue t => depth > 20 ? 3 : t.Items.Aggregate(t.Items.Length, (hash, item) => HashCode.Combine(hash, Hash(item, depth + 1))),
        RangeValue r => HashCode.Combine(r.Count, r.Start),
        _ => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(value),
    };

    /// <summary>The value itself, or the fault that it cannot be a key.</summary>
    public static object Hashable(object value) => Hashable(value, 0);

    private static object Hashable(object value, int depth)
    {
        if (value is ListValue or DictValue || (value is DictView { Kind: not "values" }))
            throw Fault.Type($"unhashable type: '{Values.TypeName(value)}'");
        if (value is TupleValue tuple)
        {
            if (depth > 200) throw Fault.Limit("a key nested deeper than 200 levels");
            foreach (var item in tuple.Items) Hashable(item, depth + 1);
        }
        return value;
    }
}
