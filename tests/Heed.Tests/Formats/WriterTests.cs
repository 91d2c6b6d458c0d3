using Heed.Formats;
using Heed.Numerics;

namespace Heed.Tests.Formats;

/// <summary>What the writers write reads back the same, and what they cannot write leaves nothing behind.</summary>
public class WriterTests
{
    private static readonly Dictionary<string, object> s_everyType = new()
    {
        ["u8"] = (byte)200,
        ["i8"] = (sbyte)-100,
        ["u16"] = (ushort)60000,
        ["i16"] = (short)-30000,
        ["u32"] = 4_000_000_000u,
        ["i32"] = -5,
        ["u64"] = ulong.MaxValue,
        ["i64"] = long.MinValue,
        ["f32"] = 1.5f,
        ["f64"] = Math.PI,
        ["bool"] = true,
        ["text"] = "Grüße 🌍",
        ["u8s"] = new byte[] { 1, 255 },
        ["i8s"] = new sbyte[] { -1, 1 },
        ["u16s"] = new ushort[] { 65535 },
        ["i16s"] = new short[] { -1, 2 },
        ["u32s"] = new uint[] { 7 },
        ["i32s"] = new[] { -1, 2 },
        ["u64s"] = new ulong[] { 9 },
        ["i64s"] = new[] { -1L, 2L },
        ["f32s"] = new[] { 0.5f, float.NaN },
        ["f64s"] = new[] { 1e300 },
        ["bools"] = new[] { true, false },
        ["texts"] = new[] { "a", "", "ü" },
        ["nested"] = new[] { new[] { 1, 2 }, [], [3] },
        ["texts of texts"] = new[] { new[] { "x" }, ["y", "z"] },
        ["none"] = Array.Empty<string>(),
    };

    [Fact]
    public void Gguf_EveryMetadataType_ReadsBack()
    {
        using var folder = new TemporaryFolder();
        var writer = new GgufWriter();
        foreach (var (key, value) in s_everyType) writer.Add(key, value);
        writer.Write(folder.File("a.gguf"), []);

        using var file = GgufFile.Open(folder.File("a.gguf"));
        var m = file.Metadata;
        Assert.Equal(s_everyType.Keys, m.Keys);
        Assert.Equal(
            [GgufValueType.UInt8, GgufValueType.Int8, GgufValueType.UInt16, GgufValueType.Int16, GgufValueType.UInt32, GgufValueType.Int32, GgufValueType.UInt64,
             GgufValueType.Int64, GgufValueType.Float32, GgufValueType.Float64, GgufValueType.Bool, GgufValueType.String],
            m.Keys.Take(12).Select(m.TypeOf));
        Assert.Equal([200, -100, 60000, -30000, 4_000_000_000, -5], m.Keys.Take(6).Select(k => m.GetLong(k)));
        Assert.Equal(ulong.MaxValue, m.Value("u64"));
        Assert.Equal(long.MinValue, m.GetLong("i64"));
        Assert.Equal(1.5f, m.GetFloat("f32"));
        Assert.Equal(Math.PI, m.GetDouble("f64"));
        Assert.True(m.GetBool("bool"));
        Assert.Equal("Grüße 🌍", m.GetString("text"));
        Assert.Equal([1, 255], m.Ints("u8s"));
        Assert.Equal([-1, 1], m.Ints("i8s"));
        Assert.Equal([65535], m.Ints("u16s"));
        Assert.Equal([-1, 2], m.Ints("i16s"));
        Assert.Equal([7], m.Ints("u32s"));
        Assert.Equal([-1, 2], m.Ints("i32s"));
        Assert.Equal([9], m.Ints("u64s"));
        Assert.Equal([-1, 2], m.Ints("i64s"));
        Assert.Equal([0.5f, float.NaN], m.Floats("f32s"));
        Assert.Equal([-1f, 2f], m.Floats("i64s"));
        Assert.Equal([1e300], (object[])m.Value("f64s"));
        Assert.Equal([true, false], m.Bools("bools"));
        Assert.Equal(["a", "", "ü"], m.Strings("texts"));
        Assert.Equal(3, m.CountOf("nested"));
        Assert.Equal([new object[] { 1L, 2L }, Array.Empty<object>(), new object[] { 3L }], (object[])m.Value("nested"));
        Assert.Equal([new object[] { "x" }, new object[] { "y", "z" }], (object[])m.Value("texts of texts"));
        Assert.Empty(m.Strings("none"));
    }

    [Fact]
    public void Metadata_WrongTypeOrMissing_NamesFileKeyAndTypeFound()
    {
        using var folder = new TemporaryFolder();
        var writer = new GgufWriter();
        foreach (var (key, value) in s_everyType) writer.Add(key, value);
        writer.Write(folder.File("a.gguf"), []);
        using var file = GgufFile.Open(folder.File("a.gguf"));
        var m = file.Metadata;

        Says(() => m.GetInt("text"), "'text' must be an integer, but the file holds String");
        Says(() => m.GetInt("f32"), "'f32' must be an integer, but the file holds Float32");
        Says(() => m.GetString("i32"), "'i32' must be a string, but the file holds Int32");
        Says(() => m.Strings("i32s"), "'i32s' must be an array of strings, but the file holds an array of 2 × Int32");
        Says(() => m.Ints("nested"), "array of 3 × Array");
        Says(() => m.GetFloat("bool"), "holds Bool");
        Says(() => m.GetBool("u8"), "holds UInt8");
        Says(() => m.GetInt("u32"), "4000000000");
        Says(() => m.GetLong("u64"), "18446744073709551615");
        Says(() => m.GetInt("missing"), "'missing' is missing");
        Says(() => m.TryGetString("i32", out _), "holds Int32");
        Assert.False(m.TryGetInt("missing", out _));
        Assert.Equal(7, m.GetInt("missing", 7));

        void Says(Action action, string expected)
        {
            var message = Assert.Throws<HeedException>(action).Message;
            Assert.Contains(expected, message);
            Assert.Contains("a.gguf", message);
        }
    }

    [Theory]
    [InlineData(32u), InlineData(64u), InlineData(1u), InlineData(4096u)]
    public void Gguf_Tensors_ReadBackAtEveryAlignment(uint alignment)
    {
        using var folder = new TemporaryFolder();
        using var model = GgufFile.Open(TestData.EmbeddedModel);
        var quantised = model.Find("blk.0.attn_k.weight")!;
        var path = folder.File("a.gguf");
        new GgufWriter().Add("general.alignment", alignment).Write(path,
            [TensorSource.Of("ids", [1L, -2L, 3L], 3), TensorSource.Of("x", [1f, 2f, 3f, 4f, 5f, 6f], 3, 2), TensorSource.Of(quantised), TensorSource.Of("e", Array.Empty<float>(), 0, 4)]);

        using var file = GgufFile.Open(path);
        Assert.Equal(["ids", "x", quantised.Name, "e"], file.Tensors.Select(t => t.Name));
        Assert.Equal([1L, -2L, 3L], file.Find("ids")!.ToIntegers());
        Assert.Equal([3L, 2L], file.Find("x")!.Shape);
        Assert.Equal([1f, 2f, 3f, 4f, 5f, 6f], file.Find("x")!.ToFloats());
        Assert.Equal(quantised.Type, file.Find(quantised.Name)!.Type);
        Assert.Equal(quantised.ToFloats(), file.Find(quantised.Name)!.ToFloats());
    }

    [Fact]
    public void Safetensors_TensorsAndMetadata_ReadBackAligned()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.safetensors");
        SafetensorsWriter.Write(path,
            [TensorSource.Of("h", ElementType.F16, [0, 0x3C], 1), TensorSource.Of("x \"ü\"", [1f, 2f], 1, 2), TensorSource.Of("ids", [5L], 1), TensorSource.Of("s", [9f])],
            new Dictionary<string, string> { ["format"] = "pt", ["note"] = "Ü\n" });

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(["ids", "x \"ü\"", "s", "h"], file.Tensors.Select(t => t.Name));
        Assert.All(file.Tensors, t => Assert.Equal(0, t.Address % t.Type.BlockBytes()));
        Assert.Equal("Ü\n", file.Metadata["note"]);
        Assert.Equal([1L, 2L], file.Find("x \"ü\"")!.Shape);
        Assert.Equal([1f], file.Find("h")!.ToFloats());
        Assert.Equal([9f], file.Find("s")!.ToFloats());
        Assert.Empty(file.Find("s")!.Shape);
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Write_OverAnOpenFile_LeavesTheMappingWhole()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.safetensors");
        SafetensorsWriter.Write(path, [TensorSource.Of("x", [1f], 1)]);
        if (OperatingSystem.IsWindows()) return; // there a mapped file cannot be replaced, which is an error, not a torn file
        using var old = SafetensorsFile.Open(path);
        SafetensorsWriter.Write(path, [TensorSource.Of("x", [2f], 1)]);
        Assert.Equal([1f], old.Find("x")!.ToFloats());
        using var now = SafetensorsFile.Open(path);
        Assert.Equal([2f], now.Find("x")!.ToFloats());
    }

    [Fact]
    public void Write_DiskFillsUp_KeepsTheOldFileAndLeavesNothingElse()
    {
        using var folder = new TemporaryFolder();
        var full = new TensorSource("y", ElementType.F32, [1 << 20], _ => throw new IOException("No space left on device"));
        foreach (var write in new Action<string, TensorSource[]>[] { (p, t) => SafetensorsWriter.Write(p, t), (p, t) => new GgufWriter().Write(p, t) })
        {
            var path = folder.Write("a.model", "old");
            var message = Assert.Throws<HeedException>(() => write(path, [TensorSource.Of("x", [1f], 1), full])).Message;
            Assert.Contains(path, message);
            Assert.Contains("No space left", message);
            Assert.Equal("old", File.ReadAllText(path));
            Assert.Single(Directory.GetFiles(folder.Path));
        }
    }

    [Fact]
    public void Write_WhatTheFormatCannotHold_NamesTheTensor()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a");
        Says(() => SafetensorsWriter.Write(path, [TensorSource.Of("q", ElementType.Q4_0, new byte[18], 32)]), "'q' is Q4_0");
        Says(() => SafetensorsWriter.Write(path, [TensorSource.Of("x", [1f], 1), TensorSource.Of("x", [1f], 1)]), "'x'");
        Says(() => SafetensorsWriter.Write(path, [TensorSource.Of("__metadata__", [1f], 1)]), "__metadata__");
        Says(() => SafetensorsWriter.Write(path, [TensorSource.Of("short", [1f], 2)]), "'short'");
        Says(() => SafetensorsWriter.Write(path, [TensorSource.Of("\ud800", [1f], 1)]), "Unicode");
        Says(() => new GgufWriter().Write(path, [TensorSource.Of("x", ElementType.U16, new byte[2], 1)]), "'x' is U16");
        Says(() => new GgufWriter().Write(path, [TensorSource.Of("x", [1f], 1, 1, 1, 1, 1)]), "5 dimensions");
        Says(() => new GgufWriter().Write(path, [TensorSource.Of("x", [1f], 1), TensorSource.Of("x", [1f], 1)]), "'x'");
        Says(() => new GgufWriter().Write(path, [TensorSource.Of("\ud800", [1f], 1)]), "Unicode");
        Says(() => new GgufWriter().Add("k", 1).Add("k", 2), "'k'");
        Says(() => new GgufWriter().Add("k", 1m), "Decimal");
        Says(() => SafetensorsWriter.Write(folder.File("no/such/folder/a"), []), "cannot be written");
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));

        static void Says(Action action, string expected) => Assert.Contains(expected, Assert.Throws<HeedException>(action).Message);
    }
}
