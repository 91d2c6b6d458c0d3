using System.Text.Json;
using Heed.Tokenization;

namespace Heed.Tests.Tokenization;

public class ChatTemplateTests
{
    [Fact]
    public void Verification_OfRecordedRenderings_IsEqual() => AssertAllEqual(TestData.Own("chat_templates/expected.json"), 48);

    [SharedFact]
    public void Verification_OfSharedRenderings_IsEqual() => AssertAllEqual(TestData.Shared("golden/chat_templates/expected.json"), 48);

    [Fact]
    public void Verification_OfOwnTemplates_IsEqual() => AssertAllEqual(TestData.Own("chat_templates/own/expected.json"), 70);

    private static void AssertAllEqual(string path, int atLeast)
    {
        var all = TemplateVerification.Run(path).ToList();
        Assert.True(all.Count >= atLeast, $"{all.Count} comparisons");
        Assert.Equal("", string.Join("\n", all.Where(one => !one.Equal).Select(one => $"{one.Template} {one.Conversation}: {one.Message}")));
    }

    [Fact]
    public void Verification_OfAWrongText_SaysWhereItDiffers()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "t.jinja"), "{{ messages[0].content }}!");
        var expected = Path.Combine(folder.Path, "expected.json");
        File.WriteAllText(expected, """
            {"conversations": {"a": {"messages": [{"role": "user", "content": "Hi"}]}},
             "templates": {"t.jinja": {"a": {"text": "Hi?"}}, "missing.jinja": {"a": {"text": ""}}}}
            """);
        var all = TemplateVerification.Run(expected).ToList();
        Assert.All(all, one => Assert.False(one.Equal));
        Assert.Contains("character 2", all[0].Message);
        Assert.Contains("missing.jinja", all[1].Message);
    }

    [Fact]
    public void Snippets_AgainstJinja2_AreEqual()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(TestData.Own("chat_templates/snippets.json")));
        var now = document.RootElement.GetProperty("now").GetDateTime();
        var different = new List<string>();
        var count = 0;
        foreach (var set in document.RootElement.GetProperty("sets").EnumerateArray())
        {
            var options = new ChatOptions
            {
                Now = now,
                AddGenerationPrompt = false,
                Variables = set.GetProperty("variables").EnumerateObject().ToDictionary(p => p.Name, p => p.Value),
            };
            foreach (var item in set.GetProperty("cases").EnumerateArray())
            {
                count++;
                var source = item.GetProperty("t").GetString()!;
                var expected = item.TryGetProperty("text", out var text) ? text.GetString() : null;
                string? actual = null;
                try { actual = ChatTemplate.Parse(source).Render([], options); }
                catch (TemplateException) { }
                if (actual != expected) different.Add($"{source}\n  expected {expected ?? "an error"}\n  got      {actual ?? "an error"}");
            }
        }
        Assert.True(count > 1700);
        Assert.Equal("", string.Join("\n", different.Take(5)));
    }

    [Fact]
    public void Render_OfMessagesAndExtras_GivesTheTemplateBoth()
    {
        using var calls = JsonDocument.Parse("""[{"function": {"name": "f", "arguments": {"a": 1.0}}}]""");
        var message = new ChatMessage("assistant", "Hm") { Extras = new Dictionary<string, JsonElement> { ["tool_calls"] = calls.RootElement } };
        var text = ChatTemplate.Parse("{% for m in messages %}{{ m.role }}:{{ m.content }}:{{ m.tool_calls | tojson }}{% endfor %}{{ add_generation_prompt }}{{ tools }}").Render([message]);
        Assert.Equal("""assistant:Hm:[{"function": {"name": "f", "arguments": {"a": 1.0}}}]TrueNone""", text);
    }

    [Theory]
    [InlineData("a\nb{{ raise_exception('no ' ~ 1) }}", "t.jinja, line 2: no 1")]
    [InlineData("\n\n{{ x.y }}", "t.jinja, line 3: 'x' is undefined")]
    [InlineData("\n{% if %}{% endif %}", "line 2: expected an expression")]
    [InlineData("{% include 'x' %}", "'include' loads another template")]
    [InlineData("{{ 1 | nosuch }}", "No filter named 'nosuch'")]
    [InlineData("{{ messages.append(1) }}", "'append' of 'list' object is unsafe")]
    [InlineData("{{ strftime_now('%Y') }}", "set ChatOptions.Now")]
    public void Render_OfAFailingTemplate_NamesPlaceAndReason(string source, string message)
    {
        var fault = Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source, "t.jinja").Render([]));
        Assert.Contains(message, fault.Message);
        Assert.Equal("t.jinja", fault.TemplateName);
        Assert.True(fault.Line > 0);
        Assert.Equal(source.Contains("raise_exception"), fault.RaisedByTemplate);
    }

    [Fact]
    public void Render_WithAReservedVariable_Refuses()
    {
        using var json = JsonDocument.Parse("[]");
        var options = new ChatOptions { Variables = new Dictionary<string, JsonElement> { ["messages"] = json.RootElement } };
        Assert.Throws<HeedException>(() => ChatTemplate.Parse("").Render([], options));
        using var text = JsonDocument.Parse("\"x\"");
        Assert.Throws<HeedException>(() => ChatTemplate.Parse("").Render(text.RootElement));
    }

    [Fact]
    public void Find_InAFolder_PrefersFilesAndKnowsNamedTemplates()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(ChatTemplate.Find(folder.Path));
        var config = Path.Combine(folder.Path, "tokenizer_config.json");
        File.WriteAllText(config, """{"chat_template": "plain"}""");
        Assert.Equal("plain", ChatTemplate.Find(folder.Path)!.Render([]));
        File.WriteAllText(config, """{"chat_template": [{"name": "default", "template": "D"}, {"name": "tool_use", "template": "T{{ tools | length }}"}]}""");
        using var tools = JsonDocument.Parse("[1, 2]");
        var template = ChatTemplate.Find(folder.Path)!;
        Assert.Equal("D", template.Render([]));
        Assert.Equal("T2", template.Render([], new() { Tools = tools.RootElement }));
        Assert.Contains("default, tool_use", Assert.Throws<HeedException>(() => ChatTemplate.Find(folder.Path, "rag")).Message);
        File.WriteAllText(Path.Combine(folder.Path, "chat_template.jinja"), "file");
        Directory.CreateDirectory(Path.Combine(folder.Path, "additional_chat_templates"));
        File.WriteAllText(Path.Combine(folder.Path, "additional_chat_templates", "rag.jinja"), "R");
        Assert.Equal("file", ChatTemplate.Find(folder.Path)!.Render([]));
        Assert.Equal("R", ChatTemplate.Find(folder.Path, "rag")!.Render([]));
        File.WriteAllText(config, """{"chat_template": 5}""");
        Assert.Throws<HeedException>(() => ChatTemplate.Find(folder.Path));
    }

    [Fact]
    public void Find_InTheEmbeddedModel_RendersAConversation()
    {
        var text = ChatTemplate.Find(TestData.EmbeddedModel)!.Render([new("user", "Hi")]);
        Assert.EndsWith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", text);
    }
}
