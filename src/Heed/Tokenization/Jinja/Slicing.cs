namespace Heed.Tokenization.Jinja;

/// <summary>Python's slices: negative indices count from the end, steps may be negative, ends beyond the value are cut.</summary>
internal static class Slicing
{
    public static object Cut(Budget budget, object value, object start, object stop, object step)
    {
        switch (value)
        {
            case Undefined undefined: throw undefined.Fail();
            case string text: return Text(budget, text, start, stop, step);
            case Markup markup: return new Markup(Text(budget, markup.Text, start, stop, step));
            case ListValue list:
                return new ListValue(Items(budget, list.Items, start, stop, step));
            case TupleValue tuple:
                return new TupleValue([.. Items(budget, tuple.Items, start, stop, step)]);
            case RangeValue range:
                var (first, stride, count) = Resolve(range.Count, start, stop, step);
                var from = range.Start + first * range.Step;
                var end = stop is None && stride > 0 ? Math.Max(range.Count, 0) : first + count * stride;
                return new RangeValue(from, range.Start + end * range.Step, range.Step * stride, count);
            default: throw Fault.Type(value is DictValue ? "unhashable type: 'slice'" : $"'{Values.TypeName(value)}' object is not subscriptable");
        }
    }

    private static string Text(Budget budget, string text, object start, object stop, object step)
    {
        budget.Charge(text.Length);
        if (CodePoints.AreUnits(text))
        {
            var (first, stride, count) = Resolve(text.Length, start, stop, step);
            return stride == 1 ? text.Substring((int)first, (int)count)
                : string.Create((int)count, (text, first, stride), (span, state) => { for (var i = 0; i < span.Length; i++) span[i] = state.text[(int)(state.first + i * state.stride)]; });
        }
        return string.Concat(Items(budget, CodePoints.ToArray(text), start, stop, step));
    }

    private static List<T> Items<T>(Budget budget, IList<T> items, object start, object stop, object step)
    {
        var (first, stride, count) = Resolve(items.Count, start, stop, step);
        budget.Charge(count, Budget.ItemWeight);
        var result = new List<T>((int)count);
        for (long i = 0; i < count; i++) result.Add(items[(int)(first + i * stride)]);
        return result;
    }

    /// <summary>The first index, the stride and the number of items of a slice of a value of <paramref name="length"/> items.</summary>
    private static (long First, long Stride, long Count) Resolve(long length, object start, object stop, object step)
    {
        var stride = Bound(step) ?? 1;
        if (stride == 0) throw Fault.Value("slice step cannot be zero");
        stride = Math.Clamp(stride, -int.MaxValue, int.MaxValue);
        var (low, high) = stride > 0 ? (0L, length) : (-1L, length - 1);
        var first = Clamp(Bound(start)) ?? (stride > 0 ? low : high);
        var last = Clamp(Bound(stop)) ?? (stride > 0 ? high : low);
        var count = stride > 0 ? (last - first + stride - 1) / stride : (first - last - stride - 1) / -stride;
        count = Math.Max(count, 0);
        return (count == 0 ? Math.Clamp(first, 0, length) : first, stride, count);

        long? Clamp(long? index) => index is not { } i ? null : i < 0 ? Math.Max(i + length, low) : Math.Min(i, high);
    }

    private static long? Bound(object value) => value switch
    {
        None => null,
        long n => Math.Clamp(n, -(1L << 40), 1L << 40),
        bool b => b ? 1 : 0,
        System.Numerics.BigInteger n => n.Sign * (1L << 40),
        Undefined u => throw Fault.Type("slice indices must be integers or None or have an __index__ method; " + u.Message),
        _ => throw Fault.Type("slice indices must be integers or None or have an __index__ method"),
    };
}
