namespace Heed.Tokenization.Models;

/// <summary>A possible merge of the symbol at <see cref="Position"/> with its right neighbour into <see cref="Id"/>.</summary>
internal readonly record struct Merge(int Rank, int Position, int Id)
{
    public bool IsBefore(Merge other) => Rank != other.Rank ? Rank < other.Rank : Position < other.Position;
}

/// <summary>
/// A chain of symbols and the merges that are possible in it, best first (lowest rank, then leftmost): a binary heap and
/// a linked list, so that merging takes n·log n steps however long the piece is.
/// </summary>
internal sealed class MergeChain
{
    private Symbol[] _symbols = new Symbol[64];
    private Merge[] _heap = new Merge[64];
    private int _waiting;

    public int Count { get; private set; }

    /// <summary>A symbol: a token's id and the part of the piece that it covers. Removed ones have <c>End</c> = -1.</summary>
    public struct Symbol
    {
        public int Id;
        public int Start;
        public int End;
        public int Previous;
        public int Next;
    }

    public ref Symbol this[int at] => ref _symbols[at];

    public void Clear() => Count = _waiting = 0;

    public void AddSymbol(int id, int start, int end)
    {
        if (Count == _symbols.Length) Array.Resize(ref _symbols, Count * 2);
        if (Count > 0) _symbols[Count - 1].Next = Count;
        _symbols[Count] = new Symbol { Id = id, Start = start, End = end, Previous = Count - 1, Next = -1 };
        Count++;
    }

    /// <summary>Makes the symbol at <paramref name="at"/> cover its right neighbour too.</summary>
    public void Join(int at, int id)
    {
        ref var left = ref _symbols[at];
        ref var right = ref _symbols[left.Next];
        left.Id = id;
        left.End = right.End;
        right.End = -1;
        left.Next = right.Next;
        if (left.Next >= 0) _symbols[left.Next].Previous = at;
    }

    public void Push(Merge merge)
    {
        if (_waiting == _heap.Length) Array.Resize(ref _heap, _waiting * 2);
        var at = _waiting++;
        while (at > 0)
        {
            var parent = (at - 1) / 2;
            if (!merge.IsBefore(_heap[parent])) break;
            _heap[at] = _heap[parent];
            at = parent;
        }
        _heap[at] = merge;
    }

    public bool TryPop(out Merge best)
    {
        if (_waiting == 0)
        {
            best = default;
            return false;
        }
        best = _heap[0];
        var last = _heap[--_waiting];
        var at = 0;
        while (true)
        {
            var child = 2 * at + 1;
            if (child >= _waiting) break;
            if (child + 1 < _waiting && _heap[child + 1].IsBefore(_heap[child])) child++;
            if (!_heap[child].IsBefore(last)) break;
            _heap[at] = _heap[child];
            at = child;
        }
        _heap[at] = last;
        return true;
    }
}
