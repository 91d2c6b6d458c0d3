using Heed.Tracing;

namespace Heed;

/// <summary>Which positions' logits a pass computes.</summary>
public enum LogitRows
{
    /// <summary>Only the last new token's: what comes next.</summary>
    Last,
    /// <summary>Every new token's.</summary>
    All,
    /// <summary>None: the pass only fills the cache.</summary>
    None,
}

/// <summary>Takes the logits [V] that follow the token at <paramref name="position"/> in the sequence.</summary>
public delegate void LogitHandler(int position, ReadOnlySpan<float> logits);

/// <summary>One sequence's part in a pass: its new tokens, what they continue, and what is to be seen. Reusable.</summary>
public sealed class SequenceRun
{
    private FloatVector _logits = new(0);
    private int _rows;

    /// <summary>The new tokens.</summary>
    public ReadOnlyMemory<int> Tokens { get; set; }

    /// <summary>What came before them, appended to by the pass; null: nothing, and nothing is kept.</summary>
    public KeyValueCache? Cache { get; init; }

    /// <summary>What to keep of the pass, or null for none.</summary>
    public Trace? Trace { get; init; }

    /// <summary>Which logits to compute.</summary>
    public LogitRows Rows { get; init; } = LogitRows.Last;

    /// <summary>Takes each row of logits as it is computed, instead of keeping them all (V numbers a token are many).</summary>
    public LogitHandler? Handler { get; init; }

    /// <summary>The logits [V] of the last new token.</summary>
    public ReadOnlySpan<float> LastLogits => _rows == 0 ? [] : LogitsOf(_rows - 1);

    /// <summary>The logits [V] of a new token (0 is the first), where all rows are computed and no handler takes them.</summary>
    public ReadOnlySpan<float> LogitsOf(int row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, _rows);
        var vocabulary = _logits.Length / _rows;
        return _logits.Span.Slice(row * vocabulary, vocabulary);
    }

    /// <summary>Rows the pass computes for this sequence.</summary>
    internal int RowsWanted => Rows switch { LogitRows.All => Tokens.Length, LogitRows.Last => 1, _ => 0 };

    /// <summary>The caller's buffer for its rows of logits.</summary>
    internal unsafe float* TakeLogits(int vocabulary)
    {
        _rows = RowsWanted;
        if (_logits.Length != _rows * (long)vocabulary) _logits = new FloatVector(checked(_rows * vocabulary));
        return _logits.Pointer;
    }
}
