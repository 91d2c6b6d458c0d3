using System.Text;
using Heed.Formats;
using Heed.Numerics;

namespace Heed.Tests.Formats;

public class GgufFileTests
{
    [Fact]
    public void Open_EmbeddedModel_ReadsMetadataAndTensors()
    {
        using var model = GgufFile.Open(TestData.EmbeddedModel);

        Assert.Equal(3, model.Version);
        Assert.Equal("llama", model.Metadata.GetString("general.architecture"));
        Assert.Equal(30, model.Metadata.GetInt("llama.block_count"));
        Assert.Equal(576, model.Metadata.GetInt("llama.embedding_length"));
        Assert.Equal(1e-5f, model.Metadata.GetFloat("llama.attention.layer_norm_rms_epsilon"));
        var tokens = model.Metadata.Strings("tokenizer.ggml.tokens");
        Assert.Equal(49152, tokens.Length);
        Assert.Equal("<|endoftext|>", tokens[0]);
        Assert.Equal(tokens.Length, model.Metadata.Ints("tokenizer.ggml.token_type").Length);

        Assert.Equal(272, model.Tensors.Count);
        var gate = model.Find("blk.0.ffn_gate.weight");
        Assert.NotNull(gate);
        Assert.Equal(ElementType.Q4_1, gate.Type);
        Assert.Equal([1536L, 576L], gate.Shape);
        Assert.Equal(1536L * 576 / 32 * 20, gate.ByteLength);
        Assert.Null(model.Find("blk.30.ffn_gate.weight"));
    }

    [SharedTheory]
    [InlineData("bloom"), InlineData("gemma3"), InlineData("gpt2"), InlineData("llama3_rope"), InlineData("mixtral"), InlineData("qwen3")]
    public void Open_GoldenModel_HoldsTheCheckpointsEmbedding(string family)
    {
        using var model = GgufFile.Open(TestData.Shared($"golden/gguf/{family}.gguf"));
        using var checkpoint = TensorFiles.Open(TestData.Shared($"golden/checkpoints/{family}"));
        var embedding = model.Find("token_embd.weight")!;
        var original = checkpoint.Tensors.Single(t => t.Name.EndsWith("embed_tokens.weight", StringComparison.Ordinal)
            || t.Name.EndsWith("wte.weight", StringComparison.Ordinal) || t.Name.EndsWith("word_embeddings.weight", StringComparison.Ordinal));
        Assert.Equal(original.Shape, embedding.Shape);
        Assert.Equal(original.ToFloats(), embedding.ToFloats());
    }

    [Fact]
    public void Open_ScalarAndEmptyTensors_AreRead()
    {
        var bytes = Header(tensors: 2, metadata: 0, w =>
        {
            Tensor(w, "scalar", [], 0, 0);
            Tensor(w, "empty", [0, 7], 0, 32);
        }, dataBytes: 32);
        using var memory = new InMemory(bytes);
        using var file = GgufFile.Open(memory.File("test.gguf"));
        Assert.Equal(1, file.Find("scalar")!.Count);
        Assert.Equal([7L, 0L], file.Find("empty")!.Shape);
        Assert.Empty(file.Find("empty")!.ToFloats());
    }

    [Theory]
    [InlineData(2u), InlineData(3u)]
    public void Open_BothVersions_AreRead(uint version)
    {
        var bytes = Valid();
        BitConverter.TryWriteBytes(bytes.AsSpan(4), version);
        using var memory = new InMemory(bytes);
        using var file = GgufFile.Open(memory.File("test.gguf"));
        Assert.Equal((int)version, file.Version);
        Assert.Equal(["a", "b"], file.Metadata.Strings("list"));
        Assert.Equal([2L, 32L], file.Find("t")!.Shape);
    }

    [Fact]
    public void Open_ManyLargeArrays_DecodesNothing()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var model = GgufFile.Open(TestData.EmbeddedModel);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 300_000); // its vocabulary alone would take 4 MB
    }

    [Fact]
    public void Open_EveryTruncation_NamesTheFile()
    {
        var whole = Valid();
        for (var length = 0; length < whole.Length; length++)
            Assert.Contains("test.gguf", InMemory.GgufError(whole[..length]));
    }

    [Theory]
    [InlineData(0u, "big-endian"), InlineData(0x03000000u, "big-endian"), InlineData(1u, "version 1"), InlineData(4u, "version 4")]
    public void Open_OtherVersion_SaysWhichAreRead(uint version, string expected)
    {
        var bytes = Valid();
        BitConverter.TryWriteBytes(bytes.AsSpan(4), version);
        Assert.Contains(expected, InMemory.GgufError(bytes));
    }

    [Fact]
    public void Open_NotGguf_SaysSo() => Assert.Contains("does not begin with \"GGUF\"", InMemory.GgufError(Encoding.ASCII.GetBytes("PK\u0003\u0004 something else")));

    [Theory]
    [InlineData(1UL << 60), InlineData(ulong.MaxValue), InlineData(1UL << 31), InlineData(1000UL)]
    public void Open_HugeCounts_AreRefusedWithoutAllocating(ulong count)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains($"{count} tensors", InMemory.GgufError(Header(count, 0, w => Tensor(w, "t", [1], 0, 0))));
        Assert.Contains($"{count} metadata", InMemory.GgufError(Header(0, count, w => w.Write(0UL))));
        Assert.Contains($"array of {count}", InMemory.GgufError(Header(0, 1, w => { Text(w, "k"); w.Write(9u); w.Write(8u); w.Write(count); })));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
    }

    [Theory]
    [InlineData(ulong.MaxValue), InlineData(1UL << 62), InlineData(100UL)]
    public void Open_StringLongerThanTheFile_NamesItsLength(ulong length)
        => Assert.Contains($"length of {length}", InMemory.GgufError(Header(0, 1, w => { w.Write(length); w.Write(new byte[20]); })));

    [Theory]
    [InlineData(0u), InlineData(3u), InlineData(48u)]
    public void Open_AlignmentNotAPowerOfTwo_IsRefused(uint alignment)
        => Assert.Contains($"general.alignment is {alignment}", InMemory.GgufError(Header(0, 1, w => { Text(w, "general.alignment"); w.Write(4u); w.Write(alignment); })));

    [Fact]
    public void Open_AlignmentAsText_NamesTheTypeFound()
        => Assert.Contains("holds String", InMemory.GgufError(Header(0, 1, w => { Text(w, "general.alignment"); w.Write(8u); Text(w, "32"); })));

    [Theory]
    [InlineData(16u, "IQ2_XXS"), InlineData(99u, "type 99"), InlineData(uint.MaxValue, "4294967295")]
    public void Open_UnknownTensorType_ListsTheKnownOnes(uint type, string expected)
    {
        var message = InMemory.GgufError(Header(1, 0, w => Tensor(w, "odd", [32], type, 0), 64));
        Assert.Contains("'odd'", message);
        Assert.Contains(expected, message);
        Assert.Contains("Q4_K", message);
    }

    [Fact]
    public void Open_UnknownMetadataType_NamesKeyAndType()
        => Assert.Contains("'k' has a value of unknown type 13", InMemory.GgufError(Header(0, 1, w => { Text(w, "k"); w.Write(13u); w.Write(0UL); })));

    [Fact]
    public void Open_TensorBeyondTheEnd_SaysWhatItNeeds()
    {
        Assert.Contains("needs 256 bytes", InMemory.GgufError(Header(1, 0, w => Tensor(w, "t", [64], 0, 0), dataBytes: 255)));
        Assert.Contains("ends at byte", InMemory.GgufError(Header(1, 0, w => Tensor(w, "t", [1], 0, 1UL << 63), dataBytes: 64)));
        Assert.Contains("ends at byte", InMemory.GgufError(Header(1, 0, w => Tensor(w, "t", [1], 0, ulong.MaxValue - 31), dataBytes: 64)));
    }

    [Fact]
    public void Open_TensorWithAbsurdShape_IsRefused()
    {
        Assert.Contains("more numbers than", InMemory.GgufError(Header(1, 0, w => Tensor(w, "t", [1UL << 40, 1UL << 40], 0, 0))));
        Assert.Contains("more numbers than", InMemory.GgufError(Header(1, 0, w => Tensor(w, "t", [1UL << 40, 1UL << 40, 0], 0, 0))));
        Assert.Contains("dimension of", InMemory.GgufError(Header(1, 0, w => Tensor(w, "t", [ulong.MaxValue], 0, 0))));
        Assert.Contains("5 dimensions", InMemory.GgufError(Header(1, 0, w => Tensor(w, "t", [1, 1, 1, 1, 1], 0, 0))));
    }

    [Fact]
    public void Open_RowNotWholeBlocks_NamesTypeAndRow()
        => Assert.Contains("rows of 48 numbers; Q4_0", InMemory.GgufError(Header(1, 0, w => Tensor(w, "t", [48, 2], 2, 0), 64)));

    [Fact]
    public void Open_OverlapDuplicateOrUnaligned_NamesTheTensors()
    {
        Assert.Contains("'a' and 'b' overlap", InMemory.GgufError(Header(2, 0, w => { Tensor(w, "a", [16], 0, 0); Tensor(w, "b", [8], 0, 32); }, 96)));
        Assert.Contains("'a' occurs twice", InMemory.GgufError(Header(2, 0, w => { Tensor(w, "a", [8], 0, 0); Tensor(w, "a", [8], 0, 32); }, 96)));
        Assert.Contains("offset 4", InMemory.GgufError(Header(1, 0, w => Tensor(w, "a", [8], 0, 4), 96)));
        Assert.Contains("key 'k' occurs twice", InMemory.GgufError(Header(0, 2, w => { for (var i = 0; i < 2; i++) { Text(w, "k"); w.Write(7u); w.Write(true); } })));
    }

    [Fact]
    public void Open_DeeplyNestedArrays_AreRefused()
        => Assert.Contains("nests arrays", InMemory.GgufError(Header(0, 1, w =>
        {
            Text(w, "deep");
            w.Write(9u);
            for (var i = 0; i < 100_000; i++) { w.Write(9u); w.Write(1UL); }
            w.Write(0u); w.Write(0UL);
        })));

    [Fact]
    public void Open_PartOfASplitModel_SaysHowToJoin()
        => Assert.Contains("part 2 of a model split into 3", InMemory.GgufError(Header(0, 2, w =>
        {
            Text(w, "split.count"); w.Write(2u); w.Write((ushort)3);
            Text(w, "split.no"); w.Write(2u); w.Write((ushort)1);
        })));

    [Fact]
    public void Open_NameNotUtf8_IsRefused()
        => Assert.Contains("not valid UTF-8", InMemory.GgufError(Header(0, 1, w => { w.Write(2UL); w.Write((byte)0xC3); w.Write((byte)0x28); w.Write(7u); w.Write(true); })));

    private static byte[] Valid() => Header(1, 2, w =>
    {
        Text(w, "general.architecture"); w.Write(8u); Text(w, "test");
        Text(w, "list"); w.Write(9u); w.Write(8u); w.Write(2UL); Text(w, "a"); Text(w, "b");
        Tensor(w, "t", [32, 2], 2, 0);
    }, dataBytes: 36);

    private static byte[] Header(ulong tensors, ulong metadata, Action<BinaryWriter> rest, int dataBytes = 0)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write(tensors);
        writer.Write(metadata);
        rest(writer);
        if (dataBytes > 0)
            writer.Write(new byte[(32 - stream.Length % 32) % 32 + dataBytes]);
        return stream.ToArray();
    }

    private static void Text(BinaryWriter w, string text)
    {
        w.Write((ulong)Encoding.UTF8.GetByteCount(text));
        w.Write(Encoding.UTF8.GetBytes(text));
    }

    private static void Tensor(BinaryWriter w, string name, ulong[] fastestFirst, uint type, ulong offset)
    {
        Text(w, name);
        w.Write((uint)fastestFirst.Length);
        foreach (var size in fastestFirst) w.Write(size);
        w.Write(type);
        w.Write(offset);
    }
}
