using Heed.Formats;
using Heed.Numerics;

namespace Heed.Tests.Numerics;

/// <summary>Stored numbers decode to what ggml decodes, bit for bit.</summary>
public unsafe class BlocksTests
{
    /// <summary>
    /// For every stored type of the reference models, 16 rows: <c>TYPE.stored [16, bytes a row]</c> and, decoded by an independent
    /// implementation, <c>TYPE.values [16, columns]</c>.
    /// </summary>
    private static string CompactData => TestData.Own("formats/blocks.safetensors");

    private static readonly string[] s_files =
        ["F16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0"];

    private static readonly ElementType[] s_types =
    [
        ElementType.F32, ElementType.F16, ElementType.Q4_0, ElementType.Q4_1, ElementType.Q5_0, ElementType.Q5_1, ElementType.Q8_0, ElementType.Q2_K,
        ElementType.Q3_K, ElementType.Q4_K, ElementType.Q5_K, ElementType.Q6_K, ElementType.IQ4_NL, ElementType.IQ4_XS, ElementType.TQ1_0, ElementType.TQ2_0,
    ];

    public static TheoryData<string> QuantisedFiles => [.. s_files];

    public static TheoryData<ElementType> CompactTypes => [.. s_types];

    [SharedTheory]
    [MemberData(nameof(QuantisedFiles))]
    public void Dequantize_EveryTensorOfAQuantisedModel_EqualsTheReferenceBitForBit(string name)
    {
        using var model = GgufFile.Open(TestData.Shared($"golden/gguf/quantised/{name}.gguf"));
        using var expected = SafetensorsFile.Open(TestData.Shared($"golden/gguf/quantised/{name}.safetensors"));
        var compared = 0;
        foreach (var reference in expected.Tensors.Where(t => t.Name.StartsWith("values/", StringComparison.Ordinal)))
        {
            var tensor = model.Find(reference.Name["values/".Length..]);
            Assert.NotNull(tensor);
            Assert.Equal(reference.ShapeText, tensor.ShapeText);
            AssertSameBits(reference.ToFloats(), tensor.ToFloats(), $"{name} {reference.Name} ({tensor.Type})");
            compared++;
        }
        Assert.NotEqual(0, compared);
    }

    [Theory]
    [MemberData(nameof(CompactTypes))]
    public void Dequantize_RowsOfEveryType_EqualTheReferenceBitForBit(ElementType type)
    {
        using var data = SafetensorsFile.Open(CompactData);
        var stored = data.Find($"{type}.stored")!;
        var expected = data.Find($"{type}.values")!.ToFloats();
        AssertSameBits(expected, Decode(type, new ReadOnlySpan<byte>(stored.Data, (int)stored.ByteLength), expected.Length), $"{type}");
    }

    /// <summary>The compact set is a part of the full one, and stays it. With HEED_WRITE_TEST_DATA set it is written first.</summary>
    [SharedFact]
    public void CompactData_IsPartOfTheFullReference()
    {
        var slices = new List<TensorSource>();
        foreach (var name in s_files)
        {
            using var model = GgufFile.Open(TestData.Shared($"golden/gguf/quantised/{name}.gguf"));
            using var expected = SafetensorsFile.Open(TestData.Shared($"golden/gguf/quantised/{name}.safetensors"));
            foreach (var reference in expected.Tensors.Where(t => t.Name.StartsWith("values/", StringComparison.Ordinal) && t.Shape.Count == 2))
                if (model.Find(reference.Name["values/".Length..]) is { } tensor && !slices.Exists(s => s.Name == $"{tensor.Type}.values"))
                    slices.AddRange(Rows(tensor, reference, 16));
        }
        Assert.Equal(s_types.Where(t => t != ElementType.F32).Order(), slices.Where(s => s.Type == ElementType.F32)
            .Select(s => Enum.Parse<ElementType>(s.Name.Split('.')[0])).Order());

        slices.Add(TensorSource.Of("F32.stored", ElementType.U8, [0, 0, 0x80, 0x3F, 1, 0, 0, 0, 0, 0, 0x80, 0xFF], 1, 12));
        slices.Add(TensorSource.Of("F32.values", [1f, float.Epsilon, float.NegativeInfinity], 1, 3));
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder.File("blocks.safetensors"), slices);
        if (Environment.GetEnvironmentVariable("HEED_WRITE_TEST_DATA") is not null)
            File.Copy(folder.File("blocks.safetensors"), CompactData, overwrite: true);
        Assert.Equal(File.ReadAllBytes(folder.File("blocks.safetensors")), File.ReadAllBytes(CompactData));
    }

    private static IEnumerable<TensorSource> Rows(StoredTensor tensor, StoredTensor reference, int rows)
    {
        var columns = (int)tensor.Shape[1];
        var rowBytes = (int)tensor.Type.RowBytes(columns);
        var bytes = new byte[rows * rowBytes];
        var values = new float[rows * columns];
        var all = reference.ToFloats();
        for (var r = 0; r < rows; r++)
        {
            var from = r * (tensor.Shape[0] - 1) / (rows - 1); // spread evenly, the first and the last included
            new ReadOnlySpan<byte>(tensor.Data + from * rowBytes, rowBytes).CopyTo(bytes.AsSpan(r * rowBytes));
            all.AsSpan((int)from * columns, columns).CopyTo(values.AsSpan(r * columns));
        }
        return [TensorSource.Of($"{tensor.Type}.stored", ElementType.U8, bytes, rows, rowBytes), TensorSource.Of($"{tensor.Type}.values", values, rows, columns)];
    }

    [Fact]
    public void Dequantize_MXFP4_EqualsValuesWorkedByHand()
    {
        // Byte j holds number j in its low and number j + 16 in its high half; the 4-bit floats are ±{0, .5, 1, 1.5, 2, 3, 4, 6}.
        byte[] block = [0, 0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE, 0, 0, 0, 0, 0, 0, 0, 0x0F];
        float[] unit = [0, 1, 2, 4, 0, -1, -2, -4, 0, 0, 0, 0, 0, 0, 0, -6, 0.5f, 1.5f, 3, 6, -0.5f, -1.5f, -3, -6, 0, 0, 0, 0, 0, 0, 0, 0];
        foreach (var (exponent, scale) in new[] { (127, 1f), (128, 2f), (120, 1f / 128), (0, MathF.ScaleB(1, -127)), (1, MathF.ScaleB(1, -126)), (2, MathF.ScaleB(1, -125)), (200, MathF.ScaleB(1, 73)) })
        {
            block[0] = (byte)exponent;
            var values = Decode(ElementType.MXFP4, block, 32);
            for (var i = 0; i < 32; i++)
                Assert.Equal(unit[i] * scale, values[i]);
        }
    }

    [Fact]
    public void Dequantize_F8_EqualsValuesWorkedByHand()
    {
        Assert.Equal(
            [0, 1 / 512f, 7 / 512f, 1 / 64f, 1, 1.125f, -1, 448, -448, float.NaN, float.NaN],
            Decode(ElementType.F8_E4M3, [0, 0x01, 0x07, 0x08, 0x38, 0x39, 0xB8, 0x7E, 0xFE, 0x7F, 0xFF], 11));
        Assert.Equal(
            [0, MathF.ScaleB(1, -16), MathF.ScaleB(1, -14), 1, 1.25f, -1, 57344, float.PositiveInfinity, float.NegativeInfinity, float.NaN],
            Decode(ElementType.F8_E5M2, [0, 0x01, 0x04, 0x3C, 0x3D, 0xBC, 0x7B, 0x7C, 0xFC, 0x7D], 10));
    }

    [Fact]
    public void Dequantize_PlainTypes_EqualTheirNumbers()
    {
        Assert.Equal([1f, -2f, float.PositiveInfinity], Decode(ElementType.BF16, [0x80, 0x3F, 0x00, 0xC0, 0x80, 0x7F], 3));
        Assert.Equal([1f, 5.9604645e-8f, 65504f], Decode(ElementType.F16, [0x00, 0x3C, 0x01, 0x00, 0xFF, 0x7B], 3));
        Assert.Equal([0.1f, 1e30f], Decode(ElementType.F64, Bytes([0.1, 1e30]), 2));
        Assert.Equal([-1f, 127f], Decode(ElementType.I8, [0xFF, 0x7F], 2));
        Assert.Equal([255f, 0f], Decode(ElementType.U8, [0xFF, 0], 2));
        Assert.Equal([1f, 0f, 1f], Decode(ElementType.Bool, [1, 0, 2], 3));
        Assert.Equal([-2f, 300f], Decode(ElementType.I16, Bytes<short>([-2, 300]), 2));
        Assert.Equal([65534f], Decode(ElementType.U16, Bytes<ushort>([65534]), 1));
        Assert.Equal([-2f, 16777216f], Decode(ElementType.I32, Bytes([-2, 16777217]), 2));
        Assert.Equal([4294967296f], Decode(ElementType.U32, Bytes([uint.MaxValue]), 1));
        Assert.Equal([-3f, 9.223372e18f], Decode(ElementType.I64, Bytes([-3L, long.MaxValue]), 2));
        Assert.Equal([1.8446744e19f], Decode(ElementType.U64, Bytes([ulong.MaxValue]), 1));
    }

    [Fact]
    public void Dequantize_Q8K_EqualsValuesWorkedByHand()
    {
        var block = new byte[292];
        BitConverter.TryWriteBytes(block, 0.25f);
        for (var i = 0; i < 256; i++) block[4 + i] = (byte)(i - 128);
        block.AsSpan(260).Fill(0xAA); // the sums play no part
        Assert.Equal(Enumerable.Range(-128, 256).Select(q => q * 0.25f), Decode(ElementType.Q8_K, block, 256));
    }

    [Fact]
    public void Dequantize_SeveralBlocks_WritesExactlyTheCount()
    {
        foreach (var type in Enum.GetValues<ElementType>())
            for (var blocks = 0; blocks <= 3; blocks++)
            {
                var count = blocks * type.BlockLength();
                var source = new byte[blocks * type.BlockBytes()];
                var destination = Enumerable.Repeat(7f, count + 1).ToArray();
                fixed (byte* s = source)
                fixed (float* d = destination)
                    Blocks.Dequantize(type, s, d, count);
                Assert.Equal(7f, destination[count]);
                Assert.DoesNotContain(7f, destination[..count]);
            }
    }

    [Fact]
    public void Dequantize_PartOfABlock_IsAnError()
        => Assert.Contains("whole blocks of Q4_K", Assert.Throws<ArgumentException>(() => Blocks.Dequantize(ElementType.Q4_K, null, null, 32)).Message);

    private static byte[] Bytes<T>(T[] values) where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static float[] Decode(ElementType type, ReadOnlySpan<byte> bytes, int count)
    {
        Assert.Equal(count / type.BlockLength() * type.BlockBytes(), bytes.Length);
        var values = new float[count];
        fixed (byte* source = bytes)
        fixed (float* destination = values)
            Blocks.Dequantize(type, source, destination, count);
        return values;
    }

    private static void AssertSameBits(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
                Assert.Fail($"{what} number {i}: expected {expected[i]:R}, got {actual[i]:R}");
    }
}
