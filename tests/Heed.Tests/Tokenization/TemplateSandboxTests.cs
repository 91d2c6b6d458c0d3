using System.Diagnostics;
using System.Text.Json;
using Heed.Tokenization;

namespace Heed.Tests.Tokenization;

public class TemplateSandboxTests
{
    [Theory]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}")]
    [InlineData("{{ range(1000000000) | list }}")]
    [InlineData("{{ 'a' * 10 ** 12 }}")]
    [InlineData("{{ [0] * 2 ** 40 }}")]
    [InlineData("{{ 9 ** 99999 }}")]
    [InlineData("{% set ns = namespace(s='a') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}")]
    [InlineData("{% set ns = namespace(s=[0]) %}{% for i in range(100) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}")]
    [InlineData("{% set ns = namespace(s=[0]) %}{% for i in range(100) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}")]
    [InlineData("{% set ns = namespace(s=[0], t=[0]) %}{% for i in range(100) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}")]
    [InlineData("{% set ns = namespace(s=[]) %}{% for i in range(99999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}")]
    [InlineData("{% set ns = namespace(s=()) %}{% for i in range(99999) %}{% set ns.s = (ns.s,) %}{% endfor %}{{ {ns.s: 1} }}")]
    [InlineData("{% set ns = namespace() %}{% set ns.ns = ns %}{{ ns }}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro m() %}{% if 1 %}{% for i in [1] recursive %}{% with %}{{ [m() ~ 'x'] | list }}{% endwith %}{% endfor %}{% endif %}{% endmacro %}{{ m() }}")]
    [InlineData("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}")]
    [InlineData("{{ '%1000000000d' % 1 }}")]
    [InlineData("{{ '{:1000000000}'.format(1) }}")]
    [InlineData("{{ 'a'.center(1000000000) }}{{ 'a'.zfill(10 ** 18) }}")]
    [InlineData("{{ ('a' * 100000).replace('a', 'b' * 100000) }}")]
    [InlineData("{{ '' | indent(10 ** 15, true) }}")]
    [InlineData("{{ [1] | batch(10 ** 15, 0) | list }}")]
    [InlineData("{{ [1] | slice(10 ** 15) | list }}")]
    [InlineData("{{ [[[1]]] | tojson(indent=10 ** 9) }}")]
    [InlineData("{{ 1.5 | round(10 ** 18) }}{{ '%.1000000000f' % 1.0 }}")]
    public void Render_OfAHostileTemplate_FailsSoonAndSmall(string source)
    {
        var clock = Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source).Render([]));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"{clock.Elapsed}"); // generous: the machine may be busy
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 3L << 30);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("{1: ", "}")]
    [InlineData("not ", "")]
    [InlineData("- ", "")]
    [InlineData("1 + ", "")]
    [InlineData("1 ** ", "")]
    [InlineData("1 if 1 else ", "")]
    [InlineData("", ".a")]
    [InlineData("", "[0]")]
    [InlineData("", "()")]
    [InlineData("", " | e")]
    [InlineData("", " is true and 1")]
    [InlineData("f(", ")")]
    public void Parse_OfADeepExpression_FailsWithoutOverflow(string open, string close)
    {
        var source = "{{ " + string.Concat(Enumerable.Repeat(open, 100_000)) + "1" + string.Concat(Enumerable.Repeat(close, 100_000)) + " }}";
        Assert.Throws<TemplateException>(() => ChatTemplate.Parse(source).Render([]));
    }

    [Theory]
    [InlineData("{% if 1 %}")]
    [InlineData("{% for a in b %}")]
    [InlineData("{% macro m() %}")]
    [InlineData("{% set a %}")]
    public void Parse_OfDeepBlocks_FailsWithoutOverflow(string open) =>
        Assert.Throws<TemplateException>(() => ChatTemplate.Parse(string.Concat(Enumerable.Repeat(open, 100_000))));

    [Fact]
    public void Render_OfALongConversation_StaysWithinTheBudget()
    {
        var template = ChatTemplate.Parse(File.ReadAllText(TestData.Own("chat_templates/own/reasoning.jinja")));
        var messages = Enumerable.Range(0, 4000).Select(i => new ChatMessage(i % 2 == 0 ? "user" : "assistant", new string('x', 1000))).ToList();
        Assert.True(template.Render(messages).Length > 4_000_000);
    }

    [Fact]
    public void Render_OfDamagedTemplates_FailsOnlyWithHeedExceptions()
    {
        using var expected = JsonDocument.Parse(File.ReadAllBytes(TestData.Own("chat_templates/own/expected.json")));
        var conversations = new[] { "toolcall_done", "parts", "reason_tools", "docs" }
            .Select(name => expected.RootElement.GetProperty("conversations").GetProperty(name)).ToArray();
        using var snippets = JsonDocument.Parse(File.ReadAllBytes(TestData.Own("chat_templates/snippets.json")));
        var variables = snippets.RootElement.GetProperty("sets")[0].GetProperty("variables").EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
        var sources = Directory.GetFiles(TestData.Own("chat_templates"), "*.jinja", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)
            .Concat(snippets.RootElement.GetProperty("sets")[0].GetProperty("cases").EnumerateArray().Select(c => System.Text.Encoding.UTF8.GetBytes(c.GetProperty("t").GetString()!)))
            .ToArray();
        var (slowest, rendered) = (TimeSpan.Zero, 0);
        var slowestSource = "";
        for (var seed = 0; seed < 24_000; seed++)
        {
            // Half of the seeds damage whole templates, the other half the snippets.
            var original = sources[seed % 2 == 0 ? seed / 2 % 10 : seed / 2 % sources.Length];
            var source = System.Text.Encoding.UTF8.GetString(Mutator.Mutate(original, seed, text: true));
            var conversation = conversations[seed % conversations.Length];
            var taken = TimeSpan.MaxValue;
            // A busy machine makes anything slow at times; what is slow three times is slow.
            for (var attempt = 0; attempt < 3 && taken > TimeSpan.FromSeconds(1.5); attempt++)
            {
                var clock = Stopwatch.StartNew();
                try
                {
                    ChatTemplate.Parse(source).Render(conversation.GetProperty("messages"), new()
                    {
                        Now = DateTime.UnixEpoch,
                        Variables = variables,
                        Tools = conversation.TryGetProperty("tools", out var tools) ? tools : null,
                    });
                    rendered++;
                }
                catch (HeedException) { }
                catch (Exception e)
                {
                    Assert.Fail($"seed {seed}: {e}\n{source}");
                }
                taken = clock.Elapsed < taken ? clock.Elapsed : taken;
            }
            if (taken > slowest) (slowest, slowestSource) = (taken, source);
        }
        Assert.True(rendered > 2_000, $"{rendered} rendered"); // else the damage is so great that only the parser is tested
        Assert.True(slowest < TimeSpan.FromSeconds(2), $"{slowest}: {slowestSource}");
    }
}
