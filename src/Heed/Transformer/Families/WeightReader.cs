using Heed.Formats;
using Heed.Numerics;

namespace Heed.Families;

/// <summary>Whether a linear map of a family has a bias.</summary>
internal enum Bias
{
    /// <summary>It has none; a bias in the file is an error.</summary>
    None,
    /// <summary>It has one; a file without it is an error.</summary>
    Required,
    /// <summary>The file decides (GGUF, whose metadata does not say).</summary>
    IfPresent,
}

/// <summary>
/// Finds a checkpoint's tensors by name, checks type and shape, and remembers which were used, so that
/// <see cref="Finish"/> can refuse a file that holds weights nobody asked for.
/// </summary>
internal sealed unsafe class WeightReader(ITensorFile file)
{
    private readonly HashSet<string> _used = [];

    /// <summary>The file, for messages.</summary>
    public string File => file.Path;

    /// <summary>True if the file has the tensor. Does not count as using it.</summary>
    public bool Has(string name) => file.Find(name) is not null;

    /// <summary>The first dimension of a tensor, or null if the file does not have it. Does not count as using it.</summary>
    public long? RowsOf(string name) => file.Find(name) is { Shape.Count: > 0 } tensor ? tensor.Shape[0] : null;

    /// <summary>The first of <paramref name="candidates"/> with which <paramref name="name"/> is in the file: checkpoints
    /// are saved with and without the prefix of the model inside its head ("model.", "transformer.").</summary>
    public string Root(string name, params ReadOnlySpan<string> candidates)
    {
        foreach (var candidate in candidates)
            if (Has(candidate + name)) return candidate;
        return candidates[0];
    }

    /// <summary>A weight matrix stored as [rows, columns], as nn.Linear and GGUF store it.</summary>
    public Matrix Matrix(string name, int rows, int columns)
    {
        var tensor = Weight(name, rows, columns);
        return Numerics.Matrix.Stored(tensor.Data, tensor.Type, rows, columns);
    }

    /// <summary>A weight matrix [rows, columns] stored the other way round, [columns, rows], as GPT-2's Conv1D does.</summary>
    public Matrix ConvMatrix(string name, int rows, int columns)
    {
        var tensor = Weight(name, columns, rows);
        if (tensor.Type.BlockLength() != 1)
            throw new HeedException($"{tensor.File}: the tensor {name} is stored transposed, which is not possible as {tensor.Type} blocks.");
        return Numerics.Matrix.Transposed(tensor.Data, tensor.Type, rows, columns);
    }

    /// <summary>Matrices [rows, columns] stacked in one tensor [count, rows, columns].</summary>
    public Matrix[] Stack(string name, int count, int rows, int columns)
    {
        var tensor = Weight(name, count, rows, columns);
        var bytes = tensor.Type.RowBytes(columns) * rows;
        var matrices = new Matrix[count];
        for (var i = 0; i < count; i++)
            matrices[i] = Numerics.Matrix.Stored(tensor.Data + i * bytes, tensor.Type, rows, columns);
        return matrices;
    }

    /// <summary>A vector, as float32; with <paramref name="addOne"/>, one more than what is stored (Gemma's norms).</summary>
    public FloatVector Vector(string name, int length, bool addOne = false) => Numbers(Weight(name, length), length, addOne);

    /// <summary>A small table [rows, columns] as one vector, row after row.</summary>
    public FloatVector Table(string name, int rows, int columns) => Numbers(Weight(name, rows, columns), rows * columns, addOne: false);

    private FloatVector Numbers(StoredTensor tensor, int length, bool addOne)
    {
        if (tensor.Type is not (ElementType.F32 or ElementType.F16 or ElementType.BF16 or ElementType.F64 or ElementType.F8_E4M3 or ElementType.F8_E5M2))
            throw new HeedException($"{tensor.File}: the vector {tensor.Name} is stored as {tensor.Type}; vectors are read as plain floating-point numbers.");
        var vector = new FloatVector(length);
        if (file is PlannedTensors) return vector;
        Blocks.Dequantize(tensor.Type, tensor.Data, vector.Pointer, length);
        if (addOne)
            foreach (ref var value in vector.Span) value += 1;
        return vector;
    }

    /// <summary>A matrix <paramref name="name"/>.weight [outputs, inputs] and its bias.</summary>
    public LinearWeights Linear(string name, int outputs, int inputs, Bias bias)
        => new(Matrix($"{name}.weight", outputs, inputs), BiasVector(name, outputs, bias));

    /// <summary>A matrix <paramref name="name"/>.weight stored transposed (Conv1D), and its bias.</summary>
    public LinearWeights ConvLinear(string name, int outputs, int inputs, Bias bias)
        => new(ConvMatrix($"{name}.weight", outputs, inputs), BiasVector(name, outputs, bias));

    /// <summary>A norm's <paramref name="name"/>.weight and bias, each of <paramref name="length"/> numbers.</summary>
    public NormWeights Norm(string name, int length, Bias bias, bool addOne = false)
        => new(Vector($"{name}.weight", length, addOne), BiasVector(name, length, bias));

    /// <summary><paramref name="name"/>.bias, or null where there is none.</summary>
    public FloatVector? BiasVector(string name, int length, Bias bias)
        => bias == Bias.Required || (bias == Bias.IfPresent && Has($"{name}.bias")) ? Vector($"{name}.bias", length) : null;

    /// <summary>
    /// The unembedding [V, D] under <paramref name="name"/>, or the embedding again where the two are tied. A tied file
    /// may repeat the matrix; if the repetition differs the file's own is used, as transformers 5 does.
    /// </summary>
    public LinearWeights Unembedding(string name, Matrix embedding, string embeddingName, bool tied, int width, Bias bias = Bias.None)
    {
        var weight = $"{name}.weight";
        if (tied && (!Has(weight) || SameBytes(weight, embeddingName)))
        {
            _used.Add(weight);
            return new(embedding, BiasVector(name, embedding.RowCount, bias));
        }
        return Linear(name, embedding.RowCount, width, bias);
    }

    /// <summary>Marks tensors as known whose name ends so: buffers that older versions saved and that are computed, not learned.</summary>
    public void Ignore(params ReadOnlySpan<string> endings)
    {
        foreach (var tensor in file.Tensors)
            foreach (var ending in endings)
                if (tensor.Name.EndsWith(ending, StringComparison.Ordinal)) _used.Add(tensor.Name);
    }

    /// <summary>Refuses tensors that no role used.</summary>
    public void Finish()
    {
        Ignore("rotary_emb.inv_freq", "rotary_emb.cos_cached", "rotary_emb.sin_cached");
        var unused = file.Tensors.Where(t => !_used.Contains(t.Name)).ToList();
        if (unused.Count == 0) return;
        var first = unused[0];
        throw new HeedException($"{first.File}: the tensor {first.Name} {first.ShapeText} has no place in a model of this configuration"
            + (unused.Count > 1 ? $", nor have {unused.Count - 1} others" : "")
            + ". The configuration does not fit the file, or the file belongs to a variant that Heed does not know.");
    }

    private StoredTensor Weight(string name, params ReadOnlySpan<int> shape)
    {
        if (file is PlannedTensors plan) return plan.Plan(name, shape);
        var tensor = file.Find(name) ?? throw new HeedException(
            $"{File}: the tensor {name} {Text(shape)} is missing{Similar(name)}.");
        var same = tensor.Shape.Count == shape.Length;
        for (var i = 0; same && i < shape.Length; i++) same = tensor.Shape[i] == shape[i];
        if (!same)
            throw new HeedException($"{tensor.File}: the tensor {name} has the shape {tensor.ShapeText}, but the configuration asks for {Text(shape)}.");
        if (tensor.Type is ElementType.I8 or ElementType.I16 or ElementType.I32 or ElementType.I64
            or ElementType.U8 or ElementType.U16 or ElementType.U32 or ElementType.U64 or ElementType.Bool)
            throw new HeedException($"{tensor.File}: the tensor {name} is stored as {tensor.Type}; weights are floating-point numbers (a quantised checkpoint? use the original or a GGUF file).");
        _used.Add(name);
        return tensor;
    }

    private bool SameBytes(string a, string b)
    {
        if (file.Find(a) is not { } first || file.Find(b) is not { } second
            || first.Type != second.Type || first.ByteLength != second.ByteLength || !first.Shape.SequenceEqual(second.Shape))
            return false;
        for (long at = 0; at < first.ByteLength; at += 1 << 30)
        {
            var count = (int)Math.Min(1 << 30, first.ByteLength - at);
            if (!new ReadOnlySpan<byte>(first.Data + at, count).SequenceEqual(new ReadOnlySpan<byte>(second.Data + at, count)))
                return false;
        }
        return true;
    }

    private string Similar(string name)
    {
        var last = name.Split('.')[^2..];
        var candidate = file.Tensors.FirstOrDefault(t => t.Name.EndsWith(string.Join('.', last), StringComparison.Ordinal));
        return candidate is null ? "" : $" (the file has {candidate.Name} {candidate.ShapeText})";
    }

    private static string Text(ReadOnlySpan<int> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}
