using System.Text;
using Heed.Formats;
using Heed.Numerics;

namespace Heed.Tests.Formats;

public class SafetensorsFileTests
{
    [Fact]
    public void Open_Stories_ReadsTensorsInPlace()
    {
        using var file = SafetensorsFile.Open(TestData.Own("models/stories260k/model.safetensors"));
        Assert.NotEmpty(file.Tensors);
        Assert.All(file.Tensors, t => Assert.Equal(t.Count * t.Type.BlockBytes(), t.ByteLength));
        Assert.All(file.Tensors, t => Assert.All(t.ToFloats(), v => Assert.True(float.IsFinite(v))));
        Assert.Equal(file.Length, file.Tensors.Max(t => t.Address) + file.Tensors.MaxBy(t => t.Address)!.ByteLength - file.Tensors.Min(t => t.Address)
            + 8 + HeaderLength(file.Path));
    }

    [SharedFact]
    public void Open_EveryGoldenFile_Opens()
    {
        var files = Directory.GetFiles(TestData.Shared("golden"), "*.safetensors", SearchOption.AllDirectories);
        Assert.True(files.Length > 50);
        foreach (var path in files)
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var t in file.Tensors.Where(t => t.Type == ElementType.I64))
                Assert.Equal(t.Count, t.ToIntegers().Length);
        }
    }

    [Fact]
    public void Open_ScalarEmptyAndMetadata_AreRead()
    {
        using var memory = new InMemory(File(
            """{"__metadata__":{"format":"pt"},"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"e":{"shape":[3,0],"data_offsets":[4,4],"dtype":"I64"},"b":{"dtype":"BOOL","shape":[2],"data_offsets":[4,6]}}   """, 6));
        using var file = SafetensorsFile.Open(memory.File("test.safetensors"));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Single(file.Find("s")!.ToFloats());
        Assert.Empty(file.Find("e")!.ToIntegers());
        Assert.Equal([0L, 0L], file.Find("b")!.ToIntegers());
        Assert.Equal(["s", "e", "b"], file.Tensors.Select(t => t.Name));
    }

    [Fact]
    public void Open_NoTensors_IsLegal()
    {
        using var memory = new InMemory(File("{}", 0));
        using var file = SafetensorsFile.Open(memory.File("test.safetensors"));
        Assert.Empty(file.Tensors);
        Assert.Empty(file.Metadata);
    }

    [Fact]
    public void Open_EveryTruncation_NamesTheFile()
    {
        var whole = File("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8);
        for (var length = 0; length < whole.Length; length++)
            Assert.Contains("test.safetensors", InMemory.SafetensorsError(whole[..length]));
    }

    [Theory]
    [InlineData(ulong.MaxValue, "header of 18446744073709551615"), InlineData(100_000_001, "at most 100000000"), InlineData(100_000_000, "only")]
    public void Open_LyingHeaderLength_NamesIt(ulong length, string expected)
    {
        var bytes = File("{}", 0);
        BitConverter.TryWriteBytes(bytes, length);
        Assert.Contains(expected, InMemory.SafetensorsError(bytes));
    }

    [Theory]
    [InlineData(" {}", "does not begin with '{'")]
    [InlineData("[]", "does not begin with '{'")]
    [InlineData("{} x", "not valid JSON")]
    [InlineData("{", "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}""", "not valid JSON")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "not valid JSON")]
    [InlineData("""{"a":[]}""", "'a' must be an object")]
    [InlineData("""{"__metadata__":{"a":1}}""", "'__metadata__.a' must be a text")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", "'__metadata__.a' occurs twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", "'__metadata__' occurs twice")]
    [InlineData("""{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}}""", "'F4'; known are F64, F32")]
    [InlineData("""{"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}""", "must be a text")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", "no dtype")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,8]}}""", "no shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", "two data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "two data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}}""", "more than 2")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "ends before it begins")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "'dtype' twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1e99],"data_offsets":[0,8]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}}""", "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", "more numbers than")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", "takes 12 bytes, but its data_offsets are [0, 8]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""", "takes 4 bytes, but its data_offsets are [0, 8]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", "ends at byte")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "4 bytes at the end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "'a' and 'b' overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}""", "'a' occurs twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[0],"data_offsets":[9223372036854775807,9223372036854775807]}}""", "ends at byte")]
    [InlineData("""{"a":{"x":{"x":{"x":{"x":{"x":{"x":{"x":{}}}}}}}}}""", "not valid JSON")]
    public void Open_MalformedHeader_SaysWhatIsWrong(string header, string expected)
    {
        var message = InMemory.SafetensorsError(File(header, 8));
        Assert.Contains(expected, message);
        Assert.Contains("test.safetensors", message);
    }

    [Fact]
    public void Open_NameNotUtf8_IsRefused()
    {
        var bytes = File("""{"ab":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8);
        bytes[10] = 0xC3;
        bytes[11] = 0x28;
        Assert.Contains("not valid JSON", InMemory.SafetensorsError(bytes));
    }

    private static byte[] File(string header, int dataBytes)
    {
        var text = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((ulong)text.Length), .. text, .. new byte[dataBytes]];
    }

    private static long HeaderLength(string path)
    {
        using var reader = new BinaryReader(System.IO.File.OpenRead(path));
        return reader.ReadInt64();
    }
}
