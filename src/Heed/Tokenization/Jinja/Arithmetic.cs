using System.Numerics;

namespace Heed.Tokenization.Jinja;

/// <summary>Python's operators: integers without overflow (up to a bound), floor division, the divisor's sign for remainders, repetition and joining of sequences.</summary>
internal static class Arithmetic
{
    /// <summary>Integers beyond this are refused: Python itself cannot print more than 4,300 digits.</summary>
    private const int MaxBits = 14_300;

    public static BigInteger Bounded(BigInteger number) =>
        number.GetBitLength() <= MaxBits ? number : throw Fault.Overflow($"an integer of more than {MaxBits} bits");

    public static bool IsNumber(object value) => value is long or double or bool or BigInteger;

    public static double ToDouble(object value) => value switch
    {
        double d => d,
        long n => n,
        bool b => b ? 1 : 0,
        BigInteger n => (double)n is var d && double.IsFinite(d) ? d : throw Fault.Overflow("int too large to convert to float"),
        _ => throw Fault.Type($"must be real number, not {Values.TypeName(value)}"),
    };

    public static object Apply(Budget budget, string op, object left, object right)
    {
        // Undefined fails by name whichever side it is on, except under Markup and text formatting, whose own rules come first.
        if (left is Undefined l) throw l.Fail();
        switch (op)
        {
            case "+": return Add(budget, left, right);
            case "*": return Multiply(budget, left, right);
            case "%" when Values.IsText(left, out _): return PercentFormat.Apply(budget, left, right);
        }
        if (right is Undefined r) throw r.Fail();
        if (!IsNumber(left) || !IsNumber(right)) throw Fault.Operands(op == "**" ? "** or pow()" : op, left, right);
        if (left is double || right is double) return Floats(op, ToDouble(left), ToDouble(right));
        Values.IsInteger(left, out var a);
        Values.IsInteger(right, out var b);
        switch (op)
        {
            case "-": return left is long x && right is long y && !SubtractionOverflows(x, y) ? x - y : Values.Integer(a - b);
            case "/":
                if (b.IsZero) throw Fault.ZeroDivision("division by zero");
                return Quotient(a, b);
            case "//":
                if (b.IsZero) throw Fault.ZeroDivision("integer division or modulo by zero");
                return Values.Integer(FloorDivide(a, b));
            case "%":
                if (b.IsZero) throw Fault.ZeroDivision("integer modulo by zero");
                return Values.Integer(a - FloorDivide(a, b) * b);
            default: return Power(budget, a, b);
        }
    }

    private static bool SubtractionOverflows(long x, long y) => ((x ^ y) & (x ^ unchecked(x - y))) < 0;

    private static BigInteger FloorDivide(BigInteger a, BigInteger b)
    {
        var quotient = BigInteger.DivRem(a, b, out var remainder);
        return !remainder.IsZero && remainder.Sign != b.Sign ? quotient - 1 : quotient;
    }

    /// <summary>The float nearest to a/b, also where a or b is not itself a float.</summary>
    private static double Quotient(BigInteger a, BigInteger b)
    {
        if (BigInteger.Abs(a) <= 1L << 53 && BigInteger.Abs(b) <= 1L << 53) return (double)a / (double)b;
        // 66 bits of quotient with a sticky last bit round correctly to 53.
        var shift = (int)(66 - (a.GetBitLength() - b.GetBitLength()));
        var numerator = BigInteger.Abs(a);
        var denominator = BigInteger.Abs(b);
        if (shift > 0) numerator <<= shift; else denominator <<= -shift;
        var quotient = BigInteger.DivRem(numerator, denominator, out var rest);
        if (!rest.IsZero) quotient |= 1;
        var value = Math.ScaleB(RoundToDouble(quotient), -shift);
        if (double.IsInfinity(value)) throw Fault.Overflow("integer division result too large for a float");
        return a.Sign * b.Sign < 0 ? -value : value;
    }

    /// <summary>Round half to even on 53 bits; .NET's own conversion truncates.</summary>
    public static double RoundToDouble(BigInteger number)
    {
        var bits = (int)number.GetBitLength();
        if (bits <= 53) return (double)number;
        var shift = bits - 53;
        var kept = number >> shift;
        var rest = number - (kept << shift);
        var half = BigInteger.One << (shift - 1);
        if (rest > half || (rest == half && !kept.IsEven)) kept += 1;
        return Math.ScaleB((double)kept, shift);
    }

    private static object Power(Budget budget, BigInteger a, BigInteger b)
    {
        if (b.Sign < 0)
        {
            if (a.IsZero) throw Fault.ZeroDivision("0.0 cannot be raised to a negative power");
            return Floats("**", ToDouble(Values.Integer(a)), ToDouble(Values.Integer(b)));
        }
        if (a.IsZero || a.IsOne || b.IsZero) return Values.Integer(b.IsZero ? 1 : a);
        if (a == -1) return b.IsEven ? 1L : -1L;
        if (b * (a.GetBitLength() - 1) > MaxBits) throw Fault.Overflow($"an integer of more than {MaxBits} bits");
        budget.Spend(200);
        return Values.Integer(BigInteger.Pow(a, (int)b));
    }

    private static object Floats(string op, double a, double b)
    {
        switch (op)
        {
            case "-": return a - b;
            case "/": return b == 0 ? throw Fault.ZeroDivision("float division by zero") : a / b;
            case "//": return b == 0 ? throw Fault.ZeroDivision("float floor division by zero") : FloorAndRest(a, b).Quotient;
            case "%": return b == 0 ? throw Fault.ZeroDivision("float modulo") : FloorAndRest(a, b).Remainder;
        }
        if (a == 0 && b < 0) throw Fault.ZeroDivision("0.0 cannot be raised to a negative power");
        if (a < 0 && double.IsFinite(a) && double.IsFinite(b) && !double.IsInteger(b)) throw Fault.Value("a negative number to a fractional power is complex, which templates here do not have");
        var power = Math.Pow(a, b);
        if (double.IsInfinity(power) && double.IsFinite(a) && double.IsFinite(b)) throw Fault.Overflow("(34, 'Numerical result out of range')");
        return power;
    }

    /// <summary>Quotient rounded down and the remainder with the divisor's sign, each exact as C's fmod gives them.</summary>
    private static (double Quotient, double Remainder) FloorAndRest(double a, double b)
    {
        var rest = a % b;
        var quotient = (a - rest) / b;
        if (rest != 0)
        {
            if (b < 0 != rest < 0)
            {
                rest += b;
                quotient -= 1;
            }
        }
        else rest = Math.CopySign(0, b);
        if (quotient == 0) return (Math.CopySign(0, a / b), rest);
        var floor = Math.Floor(quotient);
        return (quotient - floor > 0.5 ? floor + 1 : floor, rest);
    }

    public static object Add(Budget budget, object left, object right)
    {
        if (left is long a && right is long b)
        {
            var sum = unchecked(a + b);
            return ((a ^ sum) & (b ^ sum)) < 0 ? Values.Integer((BigInteger)a + b) : sum;
        }
        if (left is string x && right is string y) return Join(budget, x, y);
        if (Values.IsText(left, out var l))
        {
            if (right is Undefined missing) throw missing.Fail();
            if (!Values.IsText(right, out var r))
                throw left is Markup ? Fault.Operands("+", left, right) : Fault.Type($"can only concatenate str (not \"{Values.TypeName(right)}\") to str");
            return new Markup(Join(budget, left is Markup ? l : Markup.Escape(l), right is Markup ? r : Markup.Escape(r)));
        }
        if (right is Undefined undefined) throw undefined.Fail();
        switch (left)
        {
            case ListValue p:
                if (right is not ListValue q) throw Fault.Type($"can only concatenate list (not \"{Values.TypeName(right)}\") to list");
                budget.Charge(p.Items.Count + q.Items.Count, Budget.ItemWeight);
                return new ListValue([.. p.Items, .. q.Items]);
            case TupleValue p:
                if (right is not TupleValue t) throw Fault.Type($"can only concatenate tuple (not \"{Values.TypeName(right)}\") to tuple");
                budget.Charge(p.Items.Length + t.Items.Length, Budget.ItemWeight);
                return new TupleValue([.. p.Items, .. t.Items]);
        }
        if (!IsNumber(left) || !IsNumber(right)) throw Fault.Operands("+", left, right);
        if (left is double || right is double) return ToDouble(left) + ToDouble(right);
        Values.IsInteger(left, out var i);
        Values.IsInteger(right, out var j);
        return Values.Integer(i + j);
    }

    private static string Join(Budget budget, string a, string b)
    {
        budget.Charge((long)a.Length + b.Length);
        return string.Concat(a, b);
    }

    private static object Multiply(Budget budget, object left, object right)
    {
        if (right is Undefined missing) throw missing.Fail();
        if (left is long a && right is long b && !Math.BigMul(a, b, out var low).Equals(low >> 63)) return Values.Integer((BigInteger)a * b);
        if (left is long c && right is long d) return unchecked(c * d);
        if (IsNumber(left) && IsNumber(right))
        {
            if (left is double || right is double) return ToDouble(left) * ToDouble(right);
            Values.IsInteger(left, out var i);
            Values.IsInteger(right, out var j);
            return Values.Integer(i * j);
        }
        if (Values.IsInteger(right, out var times) && IsSequence(left)) return Repeat(budget, left, times);
        if (Values.IsInteger(left, out times) && IsSequence(right)) return Repeat(budget, right, times);
        if (IsSequence(left)) throw Fault.Type($"can't multiply sequence by non-int of type '{Values.TypeName(right)}'");
        if (IsSequence(right)) throw Fault.Type($"can't multiply sequence by non-int of type '{Values.TypeName(left)}'");
        throw Fault.Operands("*", left, right);
    }

    private static bool IsSequence(object value) => value is string or Markup or ListValue or TupleValue;

    private static object Repeat(Budget budget, object value, BigInteger times)
    {
        var unit = value switch { string s => s.Length, Markup m => m.Text.Length, ListValue l => l.Items.Count, TupleValue t => t.Items.Length, _ => 0 };
        if (times < 0 || unit == 0) times = 0;
        var size = times * unit;
        if (size > Budget.MaxSize) throw Fault.Limit($"a repetition of {size} elements is larger than the sandbox allows ({Budget.MaxSize})");
        budget.Charge((long)size, value is string or Markup ? 1 : Budget.ItemWeight);
        var count = (int)times;
        return value switch
        {
            string s => string.Concat(Enumerable.Repeat(s, count)),
            Markup m => new Markup(string.Concat(Enumerable.Repeat(m.Text, count))),
            ListValue l => new ListValue([.. Enumerable.Repeat(l.Items, count).SelectMany(items => items)]),
            _ => new TupleValue([.. Enumerable.Repeat(((TupleValue)value).Items, count).SelectMany(items => items)]),
        };
    }

    public static object Negate(object value) => value switch
    {
        long n and not long.MinValue => -n,
        double d => -d,
        Undefined u => throw u.Fail(),
        _ => Values.IsInteger(value, out var n) ? Values.Integer(-n) : throw Fault.Type($"bad operand type for unary -: '{Values.TypeName(value)}'"),
    };

    public static object Plus(object value) => value switch
    {
        long or double => value,
        Undefined u => throw u.Fail(),
        _ => Values.IsInteger(value, out var n) ? Values.Integer(n) : throw Fault.Type($"bad operand type for unary +: '{Values.TypeName(value)}'"),
    };

    public static object Absolute(object value) => value switch
    {
        double d => Math.Abs(d),
        Undefined => throw Fault.Type("bad operand type for abs(): 'Undefined'"),
        _ => Values.IsInteger(value, out var n) ? Values.Integer(BigInteger.Abs(n)) : throw Fault.Type($"bad operand type for abs(): '{Values.TypeName(value)}'"),
    };
}
