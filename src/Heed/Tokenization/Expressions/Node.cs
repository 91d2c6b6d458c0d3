namespace Heed.Tokenization.Expressions;

/// <summary>A regular expression as a tree. Groups capture nothing: tokenizers only ask where a match begins and ends.</summary>
internal abstract record Node
{
    /// <summary>One character of a class.</summary>
    public sealed record Set(CodePointClass Class) : Node;

    /// <summary>One after the other; empty: matches nothing, successfully.</summary>
    public sealed record Sequence(IReadOnlyList<Node> Parts) : Node;

    /// <summary>The first that leads to a match.</summary>
    public sealed record Choice(IReadOnlyList<Node> Parts) : Node;

    /// <summary>From Minimum to Maximum (-1: any number) times.</summary>
    public sealed record Repeat(Node Body, int Minimum, int Maximum, RepeatKind Kind) : Node;

    /// <summary>(?=…) (?!…) (?&lt;=…) (?&lt;!…).</summary>
    public sealed record Look(Node Body, bool Behind, bool Negative) : Node;

    /// <summary>(?&gt;…): once matched, never entered again.</summary>
    public sealed record Atomic(Node Body) : Node;

    /// <summary>A place: ^ $ \A \z \Z \b \B.</summary>
    public sealed record Anchor(AnchorKind Kind) : Node;

    /// <summary>True if it can match without consuming a character.</summary>
    public bool CanBeEmpty => this switch
    {
        Set => false,
        Sequence s => s.Parts.All(p => p.CanBeEmpty),
        Choice c => c.Parts.Any(p => p.CanBeEmpty),
        Repeat r => r.Minimum == 0 || r.Body.CanBeEmpty,
        Atomic a => a.Body.CanBeEmpty,
        _ => true,
    };

    /// <summary>A class that contains every character a match can begin with; null if it may match without one.</summary>
    public CodePointClass? First()
    {
        if (CanBeEmpty) return null;
        switch (this)
        {
            case Set s:
                return s.Class;
            case Choice c:
                CodePointClass? union = null;
                foreach (var part in c.Parts)
                {
                    if (part.First() is not { } first) return null;
                    union = union is null ? first : CodePointClass.Union(union, first);
                }
                return union;
            case Repeat r:
                return r.Body.First();
            case Atomic a:
                return a.Body.First();
            case Sequence s:
                CodePointClass? start = null;
                foreach (var part in s.Parts)
                {
                    // A part that may be empty adds what it can begin with; the first that cannot be ends the set.
                    if (FirstOfMaybeEmpty(part) is not { } first)
                    {
                        if (part is Look or Anchor) continue;
                        return null;
                    }
                    start = start is null ? first : CodePointClass.Union(start, first);
                    if (!part.CanBeEmpty) return start;
                }
                return null;
            default:
                return null;
        }
    }

    private static CodePointClass? FirstOfMaybeEmpty(Node node) => node switch
    {
        Repeat { Minimum: 0 } r => r.Body.First(),
        _ => node.First(),
    };
}

internal enum RepeatKind { Greedy, Lazy, Possessive }

internal enum AnchorKind { LineStart, LineEnd, TextStart, TextEnd, TextEndOrLastNewline, WordBoundary, NotWordBoundary }
