using Heed.Formats;

namespace Heed.Tests.Formats;

/// <summary>A tensor beyond 2 GB, in a file that takes no room: everything but its header is a hole.</summary>
public class LargeFileTests
{
    private const long Columns = 1 << 16, Rows = (5L << 30) / 4 / Columns; // 5 GB of float32

    [Fact]
    public unsafe void Open_TensorOverTwoGigabytes_IsReadAtItsEnd()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("large.safetensors");
        var header = System.Text.Encoding.UTF8.GetBytes(
            $$$"""{"w":{"dtype":"F32","shape":[{{{Rows}}},{{{Columns}}}],"data_offsets":[0,{{{Rows * Columns * 4}}}]},"after":{"dtype":"F32","shape":[1],"data_offsets":[{{{Rows * Columns * 4}}},{{{Rows * Columns * 4 + 4}}}]}}""");
        try
        {
            using var stream = File.Create(path);
            stream.Write(BitConverter.GetBytes((ulong)header.Length));
            stream.Write(header);
            stream.SetLength(8 + header.Length + Rows * Columns * 4 + 4);
            stream.Seek(-8, SeekOrigin.End);
            stream.Write(BitConverter.GetBytes(42f));
            stream.Write(BitConverter.GetBytes(43f));
        }
        catch (IOException)
        {
            return; // the file system has no sparse files, and no room
        }

        using var file = SafetensorsFile.Open(path);
        var tensor = file.Find("w")!;
        Assert.Equal(Rows * Columns * 4, tensor.ByteLength);
        Assert.Equal(Rows * Columns, tensor.Count);
        Assert.Equal(42f, *(float*)(tensor.Data + tensor.ByteLength - 4));
        Assert.Equal(43f, file.Find("after")!.ToFloats()[0]);
        // 5 GB of numbers would fit an array; the same claimed twice would not, and is refused before anything is allocated.
        Assert.Contains("too many to copy", Assert.Throws<HeedException>(() => (tensor with { Shape = [Rows * 2, Columns] }).ToFloats()).Message);
    }
}
