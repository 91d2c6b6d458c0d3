using System.Diagnostics;
using System.Text;
using Heed.Formats;
using Heed.Numerics;

namespace Heed.Tests.Formats;

/// <summary>
/// Damaged files: whatever the damage, either the file opens and everything in it can be read, or a HeedException says why
/// not. Never another exception, never more memory than a multiple of the file's size, never long.
/// </summary>
public class FuzzTests
{
    private const int Inputs = 20_000;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);

    [Fact]
    public void Gguf_MutatedFiles_OnlyHeedExceptions()
    {
        var (bytes, header) = SmallGguf();
        Run(Inputs, seed => Mutator.Mutate(bytes, seed, header), ReadGguf, wanted: 0.01);
    }

    [Fact]
    public void Safetensors_MutatedFiles_OnlyHeedExceptions()
    {
        var (bytes, header) = SmallSafetensors();
        // Few open: the format allows no hole, so that nearly every change of size is an error.
        Run(Inputs, seed => RepairLength(Mutator.Mutate(bytes, seed, header, text: true), bytes, seed), ReadSafetensors, wanted: 0.005);
    }

    [Fact]
    public void Index_MutatedFiles_OnlyHeedExceptions()
    {
        var index = Encoding.UTF8.GetBytes("""
            {
              "metadata": {"total_size": 36, "note": "é \u00e9 \ud83d\ude00"},
              "weight_map": {"i64": "one.safetensors", "f32.scalar": "one.safetensors", "f16": "sub/two.safetensors", "empty": "sub/two.safetensors"}
            }
            """);
        Run(Inputs, seed => Mutator.Mutate(index, seed, text: true), ReadIndex, wanted: 0.01);
    }

    public static TheoryData<string> KeptInputs => [.. Directory.GetFiles(TestData.Own("fuzz/formats")).Select(f => Path.GetFileName(f))];

    /// <summary>Inputs that once made a parser fail in a way it must not, and crafted ones of the same kinds.</summary>
    [Theory]
    [MemberData(nameof(KeptInputs))]
    public void Open_KeptInput_OnlyHeedExceptions(string name)
    {
        var bytes = File.ReadAllBytes(TestData.Own($"fuzz/formats/{name}"));
        Run(1, _ => bytes, Path.GetExtension(name) switch { ".gguf" => ReadGguf, ".safetensors" => ReadSafetensors, _ => ReadIndex }, wanted: 0);
    }

    /// <param name="wanted">The share of inputs that must still open, so that the damage reaches what lies behind the header.</param>
    private static void Run(int inputs, Func<int, byte[]> input, Action<byte[]> read, double wanted)
    {
        var opened = 0;
        var problems = new List<string>();
        for (var seed = 0; seed < inputs && problems.Count < 5; seed++)
        {
            var bytes = input(seed);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            try
            {
                read(bytes);
                opened++;
            }
            catch (HeedException e)
            {
                if (e.Message.Length > 2000 + bytes.Length) problems.Add($"seed {seed}: a message of {e.Message.Length} characters");
            }
            catch (Exception e)
            {
                problems.Add($"seed {seed}: {e.GetType().Name} {e.Message} {e.StackTrace?.Split('\n').FirstOrDefault()}");
            }
            if (clock.Elapsed > s_longest) problems.Add($"seed {seed}: took {clock.Elapsed}");
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            // 64 bytes an input byte: a byte of an array becomes a boxed number and its reference; the rest is fixed cost, stack traces included.
            if (allocated > 64L * bytes.Length + 400_000) problems.Add($"seed {seed}: {allocated} bytes allocated for an input of {bytes.Length}");
        }
        Assert.True(problems.Count == 0, string.Join("\n", problems));
        Assert.True(opened >= inputs * wanted, $"only {opened} of {inputs} inputs opened");
    }

    private static void ReadGguf(byte[] bytes)
    {
        using var memory = new InMemory(bytes);
        using var file = GgufFile.Open(memory.File("fuzz.gguf"));
        foreach (var key in file.Metadata.Keys)
        {
            Tolerate(() => file.Metadata.Value(key)); // a text that is not UTF-8 shows only here
            if (file.Metadata.TypeOf(key) == GgufValueType.Array)
                Tolerate(() => file.Metadata.Strings(key));
        }
        ReadTensors(file, memory);
    }

    private static void ReadSafetensors(byte[] bytes)
    {
        using var memory = new InMemory(bytes);
        using var file = SafetensorsFile.Open(memory.File("fuzz.safetensors"));
        ReadTensors(file, memory);
    }

    private static readonly byte[] s_shard = SmallSafetensors().Bytes;

    private static void ReadIndex(byte[] bytes)
    {
        using var memory = new InMemory(s_shard);
        using var index = JsonFile.Parse(bytes, "fuzz.index.json");
        using var file = ShardedTensors.Open(index, "fuzz.index.json", name =>
        {
            Assert.DoesNotContain("..", name.Split('/', '\\'));
            return name.EndsWith(".safetensors", StringComparison.Ordinal)
                ? SafetensorsFile.Open(memory.File(name))
                : throw new HeedException($"{name} does not exist");
        });
        ReadTensors(file, memory);
    }

    private static unsafe void ReadTensors(ITensorFile file, InMemory memory)
    {
        var block = stackalloc float[256];
        foreach (var tensor in file.Tensors)
        {
            Assert.Same(tensor, file.Find(tensor.Name));
            Assert.True(tensor.ByteLength == 0 || memory.Holds(tensor.Data, tensor.ByteLength), $"{tensor.Name} lies outside the file");
            Assert.Equal(tensor.Count / tensor.Type.BlockLength() * tensor.Type.BlockBytes(), tensor.ByteLength);
            if (tensor.Count == 0) continue;
            Blocks.Dequantize(tensor.Type, tensor.Data, block, tensor.Type.BlockLength());
            Blocks.Dequantize(tensor.Type, tensor.Data + tensor.ByteLength - tensor.Type.BlockBytes(), block, tensor.Type.BlockLength());
        }
    }

    private static void Tolerate(Action action)
    {
        try
        {
            action();
        }
        catch (HeedException)
        {
        }
    }

    /// <summary>Half of the time the header's length is set right again after the header changed its size, so that more than the length is tested.</summary>
    private static byte[] RepairLength(byte[] mutated, byte[] original, int seed)
    {
        if (seed % 2 == 0 || mutated.Length < 8) return mutated;
        var length = BitConverter.ToInt64(original) + mutated.Length - original.Length;
        if (length is > 0 and < 1 << 20) BitConverter.TryWriteBytes(mutated, length);
        return mutated;
    }

    private static (byte[] Bytes, int Header) SmallGguf()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("small.gguf");
        new GgufWriter()
            .Add("general.architecture", "llama").Add("general.alignment", 32u).Add("llama.block_count", 2u).Add("i8", (sbyte)-1).Add("u8", (byte)1)
            .Add("i16", (short)-1).Add("u16", (ushort)1).Add("i64", -1L).Add("u64", 1UL).Add("f64", 0.5).Add("f32", 0.5f).Add("bool", true)
            .Add("tokenizer.ggml.tokens", new[] { "<s>", "a", "ü", "🌍" }).Add("tokenizer.ggml.scores", new[] { 0f, -1f, -2f })
            .Add("types", new[] { 1, 2, 3 }).Add("bools", new[] { true, false }).Add("nested", new[] { new[] { "x" }, ["y", "z"] })
            .Write(path,
            [
                .. Enum.GetValues<ElementType>().Where(t => GgufTypes.TensorTypeId(t) is not null)
                    .Select(t => TensorSource.Of($"t.{t}", t, new byte[2 * t.BlockBytes()], 2, t.BlockLength())),
                TensorSource.Of("empty", Array.Empty<float>(), 0),
            ]);
        var bytes = File.ReadAllBytes(path);
        using var file = GgufFile.Open(path);
        return (bytes, bytes.Length - (int)file.Tensors.Sum(t => (t.ByteLength + 31) / 32 * 32));
    }

    private static (byte[] Bytes, int Header) SmallSafetensors()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("small.safetensors");
        SafetensorsWriter.Write(path,
        [
            TensorSource.Of("i64", [1L, 2L], 2), TensorSource.Of("f32.scalar", [1f]), TensorSource.Of("f16", ElementType.F16, new byte[6], 1, 3),
            TensorSource.Of("empty", Array.Empty<float>(), 0, 7), TensorSource.Of("bool", ElementType.Bool, [1, 0], 2), TensorSource.Of("f8", ElementType.F8_E4M3, [1, 2], 2, 1),
        ], new Dictionary<string, string> { ["format"] = "pt", ["é"] = "\n" });
        var bytes = File.ReadAllBytes(path);
        return (bytes, 8 + (int)BitConverter.ToInt64(bytes));
    }
}
