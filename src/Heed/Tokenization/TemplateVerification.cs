using System.Globalization;
using System.Text.Json;
using Heed.Formats;

namespace Heed.Tokenization;

/// <summary>How one recorded rendering compares.</summary>
/// <param name="Template">The template's file.</param>
/// <param name="Conversation">The conversation's name.</param>
/// <param name="Equal">Same text, or a failure where one is recorded.</param>
/// <param name="Message">What differs; empty when equal.</param>
public sealed record TemplateComparison(string Template, string Conversation, bool Equal, string Message);

/// <summary>Renders recorded conversations with the templates beside them and compares with what another implementation made of them.</summary>
public static class TemplateVerification
{
    /// <summary>
    /// Compares every rendering in an <c>expected.json</c>: <c>conversations</c> (messages, tools, documents, add_generation_prompt;
    /// whatever else is not null becomes a variable), <c>variables</c>, <c>now</c>, and <c>templates.FILE.CONVERSATION</c> with
    /// <c>text</c> or <c>error</c>. The templates are files in the same folder. Yields one comparison after the other.
    /// </summary>
    /// <param name="expectedPath">The path of the expected.json.</param>
    /// <exception cref="HeedException">The file itself cannot be read or is not of this form.</exception>
    public static IEnumerable<TemplateComparison> Run(string expectedPath)
    {
        using var document = JsonFile.Open(expectedPath);
        var root = document.RootElement;
        var folder = Path.GetDirectoryName(Path.GetFullPath(expectedPath))!;
        DateTime? now = root.TryGetProperty("now", out var moment) && moment.ValueKind == JsonValueKind.String
            ? DateTime.TryParse(moment.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time
                : throw new HeedException($"{expectedPath}: now is \"{moment.GetString()}\"; a date and time like 2026-03-09T14:05:07 is needed")
            : null;
        var conversations = Object(root, "conversations", expectedPath);
        foreach (var template in Object(root, "templates", expectedPath).EnumerateObject())
        {
            ChatTemplate? parsed = null;
            HeedException? broken = null;
            try
            {
                if (template.Name.AsSpan().IndexOfAny('/', '\\') >= 0) throw new HeedException($"the template '{template.Name}' is not a file of {folder}");
                parsed = ChatTemplate.Parse(ChatTemplate.ReadText(Path.Combine(folder, template.Name)), template.Name);
            }
            catch (HeedException fault)
            {
                broken = fault;
            }
            if (template.Value.ValueKind != JsonValueKind.Object) throw new HeedException($"{expectedPath}: templates.{template.Name} is no object of conversations");
            foreach (var rendering in template.Value.EnumerateObject())
            {
                if (!conversations.TryGetProperty(rendering.Name, out var conversation) || conversation.ValueKind != JsonValueKind.Object)
                    throw new HeedException($"{expectedPath}: templates.{template.Name} names the conversation '{rendering.Name}', which is not under conversations");
                yield return Compare(template.Name, rendering, parsed, broken, conversation, root, now);
            }
        }
    }

    private static JsonElement Object(JsonElement root, string name, string path) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : throw new HeedException($"{path} has no object '{name}'");

    private static TemplateComparison Compare(string template, JsonProperty rendering, ChatTemplate? parsed, HeedException? broken, JsonElement conversation, JsonElement root, DateTime? now)
    {
        string? text = null;
        try
        {
            text = parsed?.Render(conversation.TryGetProperty("messages", out var messages) ? messages : default, Options(conversation, root, now));
        }
        catch (HeedException fault)
        {
            broken = fault;
        }
        if (rendering.Value.ValueKind == JsonValueKind.Object && rendering.Value.TryGetProperty("text", out var expected))
        {
            if (text is null) return new(template, rendering.Name, false, $"fails: {broken!.Message}");
            var wanted = expected.GetString() ?? "";
            return text == wanted ? new(template, rendering.Name, true, "") : new(template, rendering.Name, false, Difference(wanted, text));
        }
        return text is null ? new(template, rendering.Name, true, "") : new(template, rendering.Name, false, "must fail, but renders");
    }

    private static ChatOptions Options(JsonElement conversation, JsonElement root, DateTime? now)
    {
        var variables = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (root.TryGetProperty("variables", out var common) && common.ValueKind == JsonValueKind.Object)
            foreach (var variable in common.EnumerateObject()) variables[variable.Name] = variable.Value;
        var options = new ChatOptions { AddGenerationPrompt = false, Now = now, Variables = variables };
        foreach (var field in conversation.EnumerateObject())
        {
            switch (field.Name)
            {
                case "messages": break;
                case "add_generation_prompt": options = options with { AddGenerationPrompt = field.Value.ValueKind == JsonValueKind.True }; break;
                case "tools": options = options with { Tools = field.Value }; break;
                case "documents": options = options with { Documents = field.Value }; break;
                default:
                    if (field.Value.ValueKind != JsonValueKind.Null) variables[field.Name] = field.Value;
                    break;
            }
        }
        return options;
    }

    private static string Difference(string expected, string actual)
    {
        var at = 0;
        while (at < expected.Length && at < actual.Length && expected[at] == actual[at]) at++;
        return $"differs at character {at}: expected {Excerpt(expected, at)}, got {Excerpt(actual, at)}";
    }

    private static string Excerpt(string text, int at)
    {
        var start = Math.Max(0, at - 20);
        return "…" + text[start..Math.Min(text.Length, at + 40)].Replace("\n", "\\n") + "…";
    }
}
