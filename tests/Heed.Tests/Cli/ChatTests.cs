using System.Text.Json;

namespace Heed.Tests.Cli;

public class ChatTests
{
    private static CliRun Talk(string input, params string[] args) => CliRun.With(input, 80, ["chat", "-n", "6", "--exact", .. args]);

    [Fact]
    public void Chat_FromAPipe_AnswersEachLineAndKeepsTheConversation()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("talk.json");
        var run = Talk($"Say hello.\n\nAnd again.\n/save {file}\n/quit\nnot read\n");
        Assert.Equal(0, run.Code);
        using var saved = JsonDocument.Parse(File.ReadAllBytes(file));
        var messages = saved.RootElement.EnumerateArray().Select(m => (m.GetProperty("role").GetString(), m.GetProperty("content").GetString())).ToArray();
        Assert.Equal(["user", "assistant", "user", "assistant"], messages.Select(m => m.Item1));
        Assert.Equal(["Say hello.", "And again."], messages.Where(m => m.Item1 == "user").Select(m => m.Item2));
        Assert.Equal(string.Concat(messages.Where(m => m.Item1 == "assistant").Select(m => m.Item2 + "\n")), run.Out);

        // The same conversation through the library, computed anew for each message.
        using var model = Models.Exact(TestData.EmbeddedModel);
        var chat = new Chat(model);
        foreach (var text in new[] { "Say hello.", "And again." })
            Assert.Contains((("assistant", string.Concat(chat.Say(text, new() { MaxTokens = 6 }).Select(t => t.Text)))), messages);
        Assert.True(chat.ReusedTokens > 0 && chat.ReusedTokens < chat.PromptTokens);
    }

    [Fact]
    public void Chat_ResetAndSystem_BeginAgain()
    {
        using var folder = new TemporaryFolder();
        var run = Talk($"Hi\n/reset\n/save {folder.File("a.json")}\n/system Answer in French.\nHi\n/save {folder.File("b.json")}\n//slash\n/save {folder.File("c.json")}\n", "--system", "Be brief.");
        Assert.Equal(0, run.Code);
        Assert.Equal(["system:Be brief."], Messages("a.json"));
        Assert.Equal(["system:Answer in French.", "user:Hi"], Messages("b.json")[..2]);
        Assert.Equal("user:/slash", Messages("c.json")[3]);

        string[] Messages(string name)
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(folder.File(name)));
            return [.. json.RootElement.EnumerateArray().Select(m => $"{m.GetProperty("role").GetString()}:{m.GetProperty("content").GetString()}")];
        }
    }

    [Fact]
    public void Chat_UnknownCommand_GoesOnAndSaysSoInTheExitCode()
    {
        var run = Talk("/unknown\n/save\n/help\n");
        Assert.Equal((2, ""), (run.Code, run.Out));
        Assert.Contains("/unknown is not known", run.Error, StringComparison.Ordinal);
        Assert.Contains("/save needs a file", run.Error, StringComparison.Ordinal);
        Assert.Contains("/reset", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Save_WhereItCannotBeWritten_LeavesTheOldFile()
    {
        using var folder = new TemporaryFolder();
        var run = Talk($"/save {folder.File("no/such/folder.json")}\n");
        Assert.Equal(1, run.Code);
        Assert.Contains("cannot be written", run.Error, StringComparison.Ordinal);
        if (!File.Exists("/dev/full")) return;
        run = Talk("Hi\n/save /dev/full\n");
        Assert.Equal(1, run.Code);
        Assert.Contains("/dev/full cannot be written", run.Error, StringComparison.Ordinal);
        Assert.True(File.Exists("/dev/full"));

        // A link to a full device: the link stays.
        File.CreateSymbolicLink(folder.File("link"), "/dev/full");
        Assert.Equal(1, Talk($"Hi\n/save {folder.File("link")}\n").Code);
        Assert.Equal("/dev/full", new FileInfo(folder.File("link")).LinkTarget);
    }

    [Fact]
    public void AtomicWrite_ThatFailsHalfway_LeavesTheOldFileAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("old.json", "old");
        Assert.Throws<HeedException>(() => Heed.Formats.AtomicFile.Write(file, 0, stream =>
        {
            stream.Write(new byte[100_000]);
            throw new IOException("No space left on device");
        }));
        Assert.Equal("old", File.ReadAllText(file));
        Assert.Equal([file], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Chat_ModelWithoutTemplate_SaysWhatToUse()
    {
        var run = CliRun.With("Hi\n", 80, "chat", "--model", Models.Stories);
        Assert.Equal(1, run.Code);
        Assert.Contains("chat template", run.Error, StringComparison.Ordinal);
    }
}
