using Heed.Formats;

namespace Heed.Tests.Formats;

/// <summary>What TensorFiles finds at a path, and checkpoints of several files.</summary>
public class TensorFilesTests
{
    [Fact]
    public void Open_FolderWithOneFile_OpensIt()
    {
        using var file = TensorFiles.Open(TestData.Own("models/stories260k"));
        Assert.IsType<SafetensorsFile>(file);
    }

    [Fact]
    public void Open_FolderWithOneGguf_OpensIt()
    {
        using var file = TensorFiles.Open(Path.GetDirectoryName(TestData.EmbeddedModel)!);
        Assert.IsType<GgufFile>(file);
    }

    [Fact]
    public void Open_FolderWithIndex_FindsTensorsInTheirShards()
    {
        using var folder = Sharded("""{"metadata":{"total_size":12},"weight_map":{"b":"two.safetensors","a":"one.safetensors"}}""");
        using var file = TensorFiles.Open(folder.Path);
        Assert.IsType<ShardedTensors>(file);
        Assert.Equal(["b", "a"], file.Tensors.Select(t => t.Name));
        Assert.Equal([1f, 2f], file.Find("a")!.ToFloats());
        Assert.Equal([3f], file.Find("b")!.ToFloats());
        Assert.Null(file.Find("unlisted"));
    }

    [Theory]
    [InlineData("""{}""", "no object 'weight_map'")]
    [InlineData("""{"weight_map":[]}""", "no object 'weight_map'")]
    [InlineData("""[]""", "an object {...} is needed")]
    [InlineData("""{"weight_map":{"a":1}}""", "weight_map['a'] must be a file name")]
    [InlineData("""{"weight_map":{"a":"three.safetensors"}}""", "'three.safetensors', but")]
    [InlineData("""{"weight_map":{"b":"one.safetensors"}}""", "'b' is in 'one.safetensors'")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","a":"one.safetensors"}}""", "'a' twice")]
    [InlineData("""{"weight_map":{"a":"../one.safetensors"}}""", "not a path inside")]
    [InlineData("""{"weight_map":{"a":"sub/../../one.safetensors"}}""", "not a path inside")]
    [InlineData("""{"weight_map":{"a":"..\\one.safetensors"}}""", "not a path inside")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""", "not a path inside")]
    [InlineData("""{"weight_map":{"a":"C:\\one.safetensors"}}""", "not a path inside")]
    [InlineData("""{"weight_map":{"a":"one.safetensors\u0000"}}""", "not a path inside")]
    [InlineData("""{"weight_map":{"a":""}}""", "not a path inside")]
    [InlineData("""{"weight_map":{"a":"."}}""", "not a path inside")]
    public void Open_BadIndex_NamesIndexAndTensor(string index, string expected)
    {
        using var folder = Sharded(index);
        var message = Assert.Throws<HeedException>(() => TensorFiles.Open(folder.Path)).Message;
        Assert.Contains(expected, message);
        Assert.Contains("model.safetensors.index.json", message);
    }

    [Fact]
    public void Open_DamagedShard_NamesTheShard()
    {
        using var folder = Sharded("""{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}""");
        folder.Write("two.safetensors", "not tensors");
        Assert.Contains("two.safetensors", Assert.Throws<HeedException>(() => TensorFiles.Open(folder.Path)).Message);
    }

    [Fact]
    public void Open_NothingUseful_SaysWhatWasLookedFor()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("neither model.safetensors, nor", Error(folder.Path));
        folder.Write("pytorch_model.bin", "x");
        Assert.Contains("pytorch_model.bin is not read", Error(folder.Path));
        folder.Write("a.gguf", "x");
        Assert.Contains("a.gguf is not a GGUF file", Error(folder.Path));
        folder.Write("b.gguf", "x");
        Assert.Contains("a.gguf, b.gguf", Error(folder.Path));
        Assert.Contains("no known kind", Error(folder.Write("model.onnx", "x")));
        Assert.Contains("does not exist", Error(folder.File("none.gguf")));
        Assert.Contains("is empty", Error(folder.Write("empty.gguf", "")));
        Assert.Contains("is empty", Error(folder.Write("empty.safetensors", "")));
        Assert.Contains("is empty", Error(folder.Write("empty.index.json", "")));
    }

    private static string Error(string path) => Assert.Throws<HeedException>(() => TensorFiles.Open(path)).Message;

    private static TemporaryFolder Sharded(string index)
    {
        var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder.File("one.safetensors"), [TensorSource.Of("a", [1f, 2f], 2)]);
        SafetensorsWriter.Write(folder.File("two.safetensors"), [TensorSource.Of("b", [3f], 1), TensorSource.Of("unlisted", [4f], 1)]);
        folder.Write("model.safetensors.index.json", index);
        return folder;
    }
}
