namespace Heed.Tokenization.Expressions;

/// <summary>
/// A regular expression over code points, as tokenizer files use them. .NET's own sees UTF-16 units (its \p{L} misses
/// astral letters), has no scripts and no bound on its steps; this one has all three, and is small because it captures nothing.
/// A backtracking matcher: alternatives are tried in order, as Oniguruma does. The common expressions take a few steps
/// per character; one that takes more than <see cref="StepsPerCharacter"/> on average is stopped with an error.
/// </summary>
internal sealed class Expression : ISplitter
{
    /// <summary>Steps allowed per character of a text, before matching is given up.</summary>
    private const long StepsPerCharacter = 1000;

    private readonly Instruction[] _program;
    private readonly int _slots;
    private readonly CodePointClass? _first;
    private readonly string _text;

    /// <summary>Compiles <paramref name="text"/>.</summary>
    /// <exception cref="HeedException">It is not an expression, or uses something that is not supported.</exception>
    public Expression(string text)
    {
        _text = text;
        var node = ExpressionParser.Parse(text);
        (_program, _slots) = Compiler.Compile(node, text);
        _first = node.First();
    }

    /// <inheritdoc/>
    public void FindMatches(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        var matcher = new Matcher(_program, _slots, text) { Limit = StepsPerCharacter * (text.Length + 1000L), Expression = _text };
        var at = 0;
        var lastEnd = -1;
        while (at <= text.Length)
        {
            if (_first is not null)
            {
                while (at < text.Length)
                {
                    if (_first.Contains(CodePoints.At(text, at, out var skip))) break;
                    at += skip;
                }
                if (at >= text.Length) break;
            }
            var end = matcher.Run(0, at, requiredEnd: -1);
            if (end >= 0 && !(end == at && at == lastEnd))
            {
                matches.Add((at, end));
                lastEnd = end;
                if (end > at)
                {
                    at = end;
                    continue;
                }
            }
            if (at >= text.Length) break;
            CodePoints.At(text, at, out var units);
            at += units;
        }
        OperationCounter.Add(matcher.Steps);
    }

    /// <summary>Runs a program on one text. The backtracking stack is on the heap: no input overflows the thread's.</summary>
    private ref struct Matcher(Instruction[] program, int slots, ReadOnlySpan<char> text)
    {
        private const int RestoreSlot = -1;

        private readonly Instruction[] _program = program;
        private readonly ReadOnlySpan<char> _text = text;
        private readonly int[] _marks = new int[slots];

        /// <summary>Triples: where to go on, the position, and for greedy loops the position that is not given back (else -1).</summary>
        private int[] _stack = new int[64];
        private int _top;

        public long Steps;
        public required long Limit { get; init; }
        public required string Expression { get; init; }

        /// <summary>Where the match that begins at <paramref name="at"/> ends, or -1.</summary>
        public int Run(int pc, int at, int requiredEnd)
        {
            var bottom = _top;
            while (true)
            {
                if (++Steps > Limit)
                    throw new HeedException($"The regular expression \"{Expression[..Math.Min(200, Expression.Length)]}\" takes too many steps on this text ({_text.Length} characters); this tokenizer cannot be used on it.");
                ref readonly var i = ref _program[pc];
                switch (i.Op)
                {
                    case Op.Set:
                        if (at < _text.Length && i.Class!.Contains(CodePoints.At(_text, at, out var units)))
                        {
                            at += units;
                            pc++;
                            continue;
                        }
                        break;
                    case Op.Unless:
                        pc = at < _text.Length && i.Class!.Contains(CodePoints.At(_text, at, out _)) ? pc + 1 : i.Target;
                        continue;
                    case Op.LoopGreedy:
                    case Op.LoopPossessive:
                        if (!TryLoop(in i, ref at, out var least)) break;
                        pc++;
                        if (i.Op == Op.LoopGreedy && at > least) Push(pc, at, least);
                        continue;
                    case Op.LoopLazy:
                        if (!TryMinimum(in i, ref at)) break;
                        // The stack keeps the loop itself as the place to go on: one more character, then on again.
                        Push(~pc, at, i.Maximum < 0 ? int.MaxValue : i.Maximum - i.Minimum);
                        pc++;
                        continue;
                    case Op.TryNext:
                        Push(i.Target, at, -1);
                        pc++;
                        continue;
                    case Op.TryTarget:
                        Push(pc + 1, at, -1);
                        pc = i.Target;
                        continue;
                    case Op.Jump:
                        pc = i.Target;
                        continue;
                    case Op.Anchor:
                        if (!Holds(i.Anchor, at)) break;
                        pc++;
                        continue;
                    case Op.Look:
                        if (Look(pc, at) == i.Negative) break;
                        pc = i.Target;
                        continue;
                    case Op.Atomic:
                        var end = Run(pc + 1, at, -1);
                        if (end < 0) break;
                        at = end;
                        pc = i.Target;
                        continue;
                    case Op.Mark:
                        Push(RestoreSlot - 1 - i.Minimum, _marks[i.Minimum], int.MinValue);
                        _marks[i.Minimum] = at;
                        pc++;
                        continue;
                    case Op.LeaveIfEmpty:
                        pc = _marks[i.Minimum] == at ? i.Target : pc + 1;
                        continue;
                    case Op.Match:
                        if (requiredEnd >= 0 && at != requiredEnd) break;
                        _top = bottom;
                        return at;
                }
                if (!Backtrack(bottom, ref pc, ref at)) return -1;
            }
        }

        private bool Backtrack(int bottom, ref int pc, ref int at)
        {
            while (_top > bottom)
            {
                _top -= 3;
                var (next, position, least) = (_stack[_top], _stack[_top + 1], _stack[_top + 2]);
                if (least == int.MinValue)
                {
                    _marks[RestoreSlot - 1 - next] = position;
                    continue;
                }
                if (next < 0)
                {
                    // A lazy loop takes one more character, if it may.
                    ref readonly var loop = ref _program[~next];
                    if (least == 0 || position >= _text.Length || !loop.Class!.Contains(CodePoints.At(_text, position, out var more))) continue;
                    Push(next, position + more, least == int.MaxValue ? least : least - 1);
                    (pc, at) = (~next + 1, position + more);
                    return true;
                }
                if (least >= 0)
                {
                    // A greedy loop gives one character back.
                    CodePoints.Before(_text, position, out var units);
                    position -= units;
                    if (position > least) Push(next, position, least);
                }
                (pc, at) = (next, position);
                return true;
            }
            return false;
        }

        private bool TryMinimum(in Instruction loop, ref int at)
        {
            for (var count = 0; count < loop.Minimum; count++)
            {
                if (at >= _text.Length || !loop.Class!.Contains(CodePoints.At(_text, at, out var units))) return false;
                at += units;
                Steps++;
            }
            return true;
        }

        private bool TryLoop(in Instruction loop, ref int at, out int least)
        {
            least = at;
            if (!TryMinimum(in loop, ref at)) return false;
            least = at;
            var left = loop.Maximum < 0 ? int.MaxValue : loop.Maximum - loop.Minimum;
            var start = at;
            for (; left > 0 && at < _text.Length; left--)
            {
                if (!loop.Class!.Contains(CodePoints.At(_text, at, out var units))) break;
                at += units;
            }
            Steps += at - start;
            return true;
        }

        private bool Look(int pc, int at)
        {
            var look = _program[pc];
            if (!look.Behind) return Run(pc + 1, at, -1) >= 0;
            var start = at;
            for (var back = 0; back <= look.Maximum; back++)
            {
                if (Run(pc + 1, start, at) >= 0) return true;
                if (start == 0) break;
                CodePoints.Before(_text, start, out var units);
                start -= units;
            }
            return false;
        }

        private readonly bool Holds(AnchorKind kind, int at)
        {
            switch (kind)
            {
                case AnchorKind.TextStart: return at == 0;
                case AnchorKind.TextEnd: return at == _text.Length;
                case AnchorKind.LineStart: return at == 0 || _text[at - 1] == '\n';
                case AnchorKind.LineEnd: return at == _text.Length || _text[at] == '\n';
                case AnchorKind.TextEndOrLastNewline: return at == _text.Length || (at == _text.Length - 1 && _text[at] == '\n');
                default:
                    var before = at > 0 && CodePoints.IsWord(CodePoints.Before(_text, at, out _));
                    var after = at < _text.Length && CodePoints.IsWord(CodePoints.At(_text, at, out _));
                    return before != after == (kind == AnchorKind.WordBoundary);
            }
        }

        private void Push(int next, int position, int least)
        {
            if (_top + 3 > _stack.Length) Array.Resize(ref _stack, _stack.Length * 2);
            _stack[_top] = next;
            _stack[_top + 1] = position;
            _stack[_top + 2] = least;
            _top += 3;
        }
    }
}
