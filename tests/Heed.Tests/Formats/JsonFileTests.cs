using Heed.Formats;

namespace Heed.Tests.Formats;

public class JsonFileTests
{
    [Theory]
    [InlineData("""{"a": 1}"""), InlineData("\uFEFF{\"a\": 1}"), InlineData("""{"b": "\ud83d\ude00 \\ud800 \n", "a": 1}""")]
    public void Open_Object_IsRead(string text)
    {
        using var folder = new TemporaryFolder();
        using var document = JsonFile.Open(folder.Write("config.json", text));
        Assert.Equal(1, document.RootElement.GetProperty("a").GetInt32());
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("[1]", "holds a JSON Array")]
    [InlineData("\"text\"", "holds a JSON String")]
    [InlineData("{\n\"a\": 1,\n\"b\": }", "line 3")]
    [InlineData("{\"a\": 1} {}", "line 1")]
    [InlineData("{\"a\": NaN}", "line 1")]
    [InlineData("{\n\"a\": \"\\ud83d\"}", "line 2")]
    [InlineData("{\"a\": \"\\ude00\\ud83d\"}", "half of a surrogate pair")]
    [InlineData("{\"a\": \"\\ud83dx\"}", "half of a surrogate pair")]
    public void Open_Malformed_NamesFileAndPlace(string text, string expected)
    {
        using var folder = new TemporaryFolder();
        var message = Assert.Throws<HeedException>(() => JsonFile.Open(folder.Write("config.json", text))).Message;
        Assert.Contains(expected, message);
        Assert.Contains(folder.File("config.json"), message);
    }

    [Fact]
    public void Open_NotUtf8_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("config.json", [.. "{\"a\":\""u8, 0xC3, 0x28, .. "\"}"u8]);
        Assert.Contains("not valid UTF-8", Assert.Throws<HeedException>(() => JsonFile.Open(path)).Message);
    }

    [Fact]
    public void Open_DeepOrLargeOrMissing_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var deep = folder.Write("deep.json", "{\"a\":" + new string('[', 100_000) + new string(']', 100_000) + "}");
        Assert.Contains("not valid JSON", Assert.Throws<HeedException>(() => JsonFile.Open(deep)).Message);
        Assert.Contains("at most 1000", Assert.Throws<HeedException>(() => JsonFile.Open(deep, limit: 1000)).Message);
        Assert.Contains("does not exist", Assert.Throws<HeedException>(() => JsonFile.Open(folder.File("none.json"))).Message);
        Assert.Contains("is a folder", Assert.Throws<HeedException>(() => JsonFile.Open(folder.Path)).Message);
    }
}
