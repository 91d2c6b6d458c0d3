using System.Diagnostics;
using Heed.Formats;

namespace Heed.Tests.Formats;

public class MappedFileTests
{
    [Fact]
    public unsafe void Open_File_MapsItsBytesAndTrueLength()
    {
        using var folder = new TemporaryFolder();
        var bytes = new byte[10_001]; // not a whole number of pages
        new Random(1).NextBytes(bytes);
        using var file = MappedFile.Open(folder.Write("a.bin", bytes));
        Assert.Equal(bytes.Length, file.Length);
        Assert.Equal(bytes, new ReadOnlySpan<byte>(file.Data, (int)file.Length).ToArray());
    }

    [Fact]
    public void Open_NoFileToRead_SaysWhy()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("is a folder", Error(folder.Path));
        Assert.Contains("does not exist", Error(folder.File("none")));
        Assert.Contains("is empty", Error(folder.Write("empty", "")));
        Assert.Contains("cannot be read", Error("a\0b"));
        if (OperatingSystem.IsLinux())
            Assert.Contains("not a regular file", Error("/dev/zero"));
    }

    [Fact]
    public void Open_Pipe_DoesNotWait()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/mkfifo")) return;
        using var folder = new TemporaryFolder();
        Process.Start("/usr/bin/mkfifo", folder.File("pipe")).WaitForExit();
        Assert.Contains("not a regular file", Error(folder.File("pipe")));
    }

    private static string Error(string path) => Assert.Throws<HeedException>(() => MappedFile.Open(path)).Message;
}
