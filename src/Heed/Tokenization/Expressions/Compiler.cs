namespace Heed.Tokenization.Expressions;

internal enum Op : byte
{
    /// <summary>One character of Class.</summary>
    Set,
    /// <summary>Minimum to Maximum characters of Class, as many as possible; gives back one at a time.</summary>
    LoopGreedy,
    /// <summary>The same, giving nothing back.</summary>
    LoopPossessive,
    /// <summary>The same, as few as possible.</summary>
    LoopLazy,
    /// <summary>Go on at Target; should that fail, at the next instruction. (Prefer = target.)</summary>
    TryTarget,
    /// <summary>Go on at the next instruction; should that fail, at Target.</summary>
    TryNext,
    Jump,
    /// <summary>Jump to Target unless a character of Class follows: an alternative that cannot begin here is not tried.</summary>
    Unless,
    Anchor,
    /// <summary>Look ahead or behind with the sub-program at the next instruction; Target is behind it.</summary>
    Look,
    /// <summary>The sub-program at the next instruction, never entered again; Target is behind it.</summary>
    Atomic,
    /// <summary>Remember the position in slot Minimum.</summary>
    Mark,
    /// <summary>Leave the loop (to Target) if nothing was consumed since the mark in slot Minimum.</summary>
    LeaveIfEmpty,
    /// <summary>The end of the program or of a sub-program.</summary>
    Match,
}

internal readonly record struct Instruction(Op Op, int Target = 0, CodePointClass? Class = null, int Minimum = 0, int Maximum = 0, AnchorKind Anchor = 0, bool Behind = false, bool Negative = false);

/// <summary>Turns the tree of an expression into instructions for the matcher.</summary>
internal sealed class Compiler
{
    private const int MaximumInstructions = 20_000;

    private readonly List<Instruction> _program = [];
    private readonly string _expression;
    private int _slots;

    private Compiler(string expression) => _expression = expression;

    public static (Instruction[] Program, int Slots) Compile(Node node, string expression)
    {
        var compiler = new Compiler(expression);
        compiler.Emit(node);
        compiler.Add(new Instruction(Op.Match));
        return (compiler._program.ToArray(), compiler._slots);
    }

    private int Add(Instruction instruction)
    {
        if (_program.Count >= MaximumInstructions)
            throw new HeedException($"The regular expression \"{_expression[..Math.Min(200, _expression.Length)]}\" is too large once its repeats are written out (more than {MaximumInstructions} steps).");
        _program.Add(instruction);
        return _program.Count - 1;
    }

    private void AimHere(int at) => _program[at] = _program[at] with { Target = _program.Count };

    private void Emit(Node node)
    {
        switch (node)
        {
            case Node.Set set:
                Add(new Instruction(Op.Set, Class: set.Class));
                break;
            case Node.Sequence sequence:
                foreach (var part in sequence.Parts) Emit(part);
                break;
            case Node.Choice choice:
                EmitChoice(choice);
                break;
            case Node.Repeat repeat:
                EmitRepeat(repeat);
                break;
            case Node.Anchor anchor:
                Add(new Instruction(Op.Anchor, Anchor: anchor.Kind));
                break;
            case Node.Look look:
                var longest = look.Behind ? MaximumLength(look.Body) : 0;
                if (longest < 0)
                    throw new HeedException($"The regular expression \"{_expression[..Math.Min(200, _expression.Length)]}\" looks behind for a text without a longest length, which is not supported.");
                EmitSub(new Instruction(Op.Look, Behind: look.Behind, Negative: look.Negative, Maximum: longest), look.Body);
                break;
            case Node.Atomic atomic:
                EmitSub(new Instruction(Op.Atomic), atomic.Body);
                break;
        }
    }

    private void EmitSub(Instruction instruction, Node body)
    {
        var at = Add(instruction);
        Emit(body);
        Add(new Instruction(Op.Match));
        AimHere(at);
    }

    private void EmitChoice(Node.Choice choice)
    {
        var exits = new List<int>();
        for (var i = 0; i < choice.Parts.Count; i++)
        {
            var last = i == choice.Parts.Count - 1;
            var unless = !last && choice.Parts[i].First() is { } first ? Add(new Instruction(Op.Unless, Class: first)) : -1;
            var split = last ? -1 : Add(new Instruction(Op.TryNext));
            Emit(choice.Parts[i]);
            if (!last) exits.Add(Add(new Instruction(Op.Jump)));
            if (unless >= 0) AimHere(unless);
            if (split >= 0) AimHere(split);
        }
        foreach (var exit in exits) AimHere(exit);
    }

    private void EmitRepeat(Node.Repeat repeat)
    {
        if (repeat.Body is Node.Set set)
        {
            var op = repeat.Kind switch { RepeatKind.Greedy => Op.LoopGreedy, RepeatKind.Lazy => Op.LoopLazy, _ => Op.LoopPossessive };
            Add(new Instruction(op, Class: set.Class, Minimum: repeat.Minimum, Maximum: repeat.Maximum));
            return;
        }
        if (repeat.Kind == RepeatKind.Possessive)
        {
            EmitSub(new Instruction(Op.Atomic), repeat with { Kind = RepeatKind.Greedy });
            return;
        }
        var take = repeat.Kind == RepeatKind.Greedy ? Op.TryNext : Op.TryTarget;
        for (var i = 0; i < repeat.Minimum; i++) Emit(repeat.Body);
        if (repeat.Maximum < 0)
        {
            var start = _program.Count;
            var split = EmitLoopEntry(take);
            var slot = repeat.Body.CanBeEmpty ? _slots++ : -1;
            if (slot >= 0) Add(new Instruction(Op.Mark, Minimum: slot));
            Emit(repeat.Body);
            var leave = slot >= 0 ? Add(new Instruction(Op.LeaveIfEmpty, Minimum: slot)) : -1;
            Add(new Instruction(Op.Jump, start));
            AimHere(split);
            if (leave >= 0) AimHere(leave);
            return;
        }
        var exits = new List<int>();
        for (var i = repeat.Minimum; i < repeat.Maximum; i++)
        {
            exits.Add(EmitLoopEntry(take));
            Emit(repeat.Body);
        }
        foreach (var exit in exits) AimHere(exit);
    }

    /// <summary>A choice between the body that follows and what is behind it; the returned instruction is aimed there later.</summary>
    private int EmitLoopEntry(Op take)
    {
        if (take == Op.TryNext) return Add(new Instruction(Op.TryNext));
        // Lazy: prefer to leave. TryTarget goes to its target first and comes back to the next instruction.
        return Add(new Instruction(Op.TryTarget));
    }

    private static int MaximumLength(Node node)
    {
        switch (node)
        {
            case Node.Set:
                return 1;
            case Node.Atomic atomic:
                return MaximumLength(atomic.Body);
            case Node.Sequence sequence:
                var sum = 0;
                foreach (var part in sequence.Parts)
                {
                    var length = MaximumLength(part);
                    if (length < 0 || (sum += length) > 10_000) return -1;
                }
                return sum;
            case Node.Choice choice:
                var longest = 0;
                foreach (var part in choice.Parts)
                {
                    var length = MaximumLength(part);
                    if (length < 0) return -1;
                    longest = Math.Max(longest, length);
                }
                return longest;
            case Node.Repeat repeat:
                var body = MaximumLength(repeat.Body);
                if (body == 0) return 0;
                return repeat.Maximum < 0 || body < 0 || (long)body * repeat.Maximum > 10_000 ? -1 : body * repeat.Maximum;
            default:
                return 0;
        }
    }
}
