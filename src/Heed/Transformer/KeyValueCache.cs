using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Heed.Numerics;

namespace Heed;

/// <summary>
/// The keys and values of one sequence, so that the next token's pass computes only what is new.
/// Append happens in <see cref="Transformer.Forward"/>; <see cref="Truncate"/> forgets the end; <see cref="Fork"/> shares a prefix.
/// </summary>
/// <remarks>
/// Stored in blocks of 64 positions. In a block, for each layer and key–value head: the keys transposed [d, 64], so that a vector lane
/// is a key and a score needs no horizontal sum, then the values [64, d]. Forks share blocks; one that is written to is copied first.
/// </remarks>
public sealed unsafe class KeyValueCache
{
    /// <summary>Positions in a block: memory is taken for as many at once.</summary>
    public const int BlockLength = AttentionKernels.BlockLength;

    private readonly int[] _layerOffsets;
    private readonly IReadOnlyList<LayerConfig> _layers;
    private readonly int _blockSize;
    private readonly List<float[]> _blocks = [];
    private readonly List<bool> _owned = [];
    private readonly List<int> _tokens = [];

    /// <summary>An empty cache for a transformer of this configuration.</summary>
    public KeyValueCache(TransformerConfig config)
    {
        _layers = config.Layers;
        ContextLength = config.ContextLength;
        _layerOffsets = new int[_layers.Count];
        var size = 0L;
        for (var l = 0; l < _layers.Count; l++)
        {
            _layerOffsets[l] = checked((int)size);
            size += 2L * _layers[l].KeyValueHeads * _layers[l].HeadSize * BlockLength;
        }
        _blockSize = checked((int)size);
    }

    private KeyValueCache(KeyValueCache from)
        => (_layers, ContextLength, _layerOffsets, _blockSize) = (from._layers, from.ContextLength, from._layerOffsets, from._blockSize);

    /// <summary>How many positions the transformer was made for.</summary>
    public int ContextLength { get; }

    /// <summary>How many positions are in it.</summary>
    public int Length => _tokens.Count;

    /// <summary>The tokens whose keys and values are in it.</summary>
    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    /// <summary>Bytes of the blocks it holds, shared ones included.</summary>
    public long ByteLength => (long)_blocks.Count * _blockSize * sizeof(float);

    /// <summary>Takes the memory for <paramref name="positions"/> positions now, so that appending up to there allocates nothing.</summary>
    public void Reserve(int positions)
    {
        positions = Math.Min(positions, ContextLength);
        _tokens.EnsureCapacity(positions);
        while (_blocks.Count * BlockLength < positions) AddBlock();
    }

    /// <summary>Forgets all but the first <paramref name="length"/> positions; the memory stays.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        _tokens.RemoveRange(length, Length - length);
    }

    /// <summary>A cache that begins with this one's first <paramref name="length"/> positions (all, by default) and goes its own way.</summary>
    public KeyValueCache Fork(int? length = null)
    {
        var kept = length ?? Length;
        ArgumentOutOfRangeException.ThrowIfNegative(kept);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kept, Length);
        var fork = new KeyValueCache(this);
        fork._tokens.AddRange(_tokens.Take(kept));
        for (var b = 0; b * BlockLength < kept; b++)
        {
            _owned[b] = false;
            fork._blocks.Add(_blocks[b]);
            fork._owned.Add(false);
        }
        return fork;
    }

    /// <summary>Makes room for new tokens at the end; their keys and values are written by the layers of the pass.</summary>
    internal void Append(ReadOnlySpan<int> tokens)
    {
        var end = Length + tokens.Length;
        for (var b = Length / BlockLength; b * BlockLength < end; b++)
        {
            if (b == _blocks.Count) AddBlock();
            else if (!_owned[b]) (_blocks[b], _owned[b]) = (Copy(_blocks[b]), true);
        }
        _tokens.AddRange(tokens);
    }

    /// <summary>The keys [d, 64] of a block for one layer and head.</summary>
    internal float* Keys(int block, int layer, int head)
        => Address(_blocks[block]) + _layerOffsets[layer] + 2L * head * _layers[layer].HeadSize * BlockLength;

    /// <summary>The values [64, d] of a block for one layer and head.</summary>
    internal float* Values(int block, int layer, int head)
        => Keys(block, layer, head) + (long)_layers[layer].HeadSize * BlockLength;

    /// <summary>Writes one position's keys and values [K, d] of a layer.</summary>
    internal void Write(int layer, int position, float* keys, float* values)
    {
        var (block, slot) = Math.DivRem(position, BlockLength);
        var d = _layers[layer].HeadSize;
        for (var head = 0; head < _layers[layer].KeyValueHeads; head++, keys += d, values += d)
        {
            var keyColumn = Keys(block, layer, head) + slot;
            for (var i = 0; i < d; i++) keyColumn[i * BlockLength] = keys[i];
            new ReadOnlySpan<float>(values, d).CopyTo(new Span<float>(Values(block, layer, head) + slot * d, d));
        }
    }

    private void AddBlock()
    {
        // Zeroed: a block's unused keys take part in products (and are masked), so they must be finite.
        _blocks.Add(GC.AllocateArray<float>(_blockSize, pinned: true));
        _owned.Add(true);
    }

    private static float[] Copy(float[] block)
    {
        var copy = GC.AllocateUninitializedArray<float>(block.Length, pinned: true);
        block.CopyTo(copy, 0);
        return copy;
    }

    private static float* Address(float[] block) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(block));
}
