using System.Text.Json;
using Heed.Tokenization.Jinja;

namespace Heed.Tokenization;

/// <summary>
/// A model's chat template: the small program, written in Jinja2, that turns a conversation into the text the model was
/// trained on. It renders as Jinja2 does under Hugging Face's transformers (<c>trim_blocks</c>, <c>lstrip_blocks</c>, loop
/// controls, the immutable sandbox, Python's semantics), and within bounds of time, depth and memory, since it came from elsewhere.
/// </summary>
/// <remarks>A template can be used from several threads at once; every rendering is on its own.</remarks>
public sealed partial class ChatTemplate
{
    private readonly Template template;

    /// <summary>The template to use instead when tools are given, or null. (Some models come with two.)</summary>
    private readonly ChatTemplate? toolUse;

    private ChatTemplate(string source, string name, Template template, ChatTemplate? toolUse)
    {
        Source = source;
        Name = name;
        this.template = template;
        this.toolUse = toolUse;
    }

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>The name that errors show.</summary>
    public string Name { get; }

    /// <summary>The longest template that is read, in characters; the longest known ones have some 20,000.</summary>
    public const int MaxLength = 4 * 1024 * 1024;

    /// <summary>Reads a template.</summary>
    /// <param name="source">The Jinja2 source.</param>
    /// <param name="name">A name for error messages, such as the file's.</param>
    /// <exception cref="TemplateException">Broken syntax, an unknown filter, test or tag, or one that would load other templates.</exception>
    public static ChatTemplate Parse(string source, string name = "template") => Parse(source, name, toolUse: null);

    private static ChatTemplate Parse(string source, string name, ChatTemplate? toolUse)
    {
        ArgumentNullException.ThrowIfNull(source);
        try
        {
            if (source.Length > MaxLength) throw Fault.Limit($"the template has {source.Length} characters; at most {MaxLength} are read");
            return new(source, name, Parser.Parse(source), toolUse);
        }
        catch (TemplateException fault)
        {
            fault.Locate(name, 0);
            throw;
        }
    }

    /// <summary>The text of a conversation, ready to be tokenized without further special tokens.</summary>
    /// <exception cref="TemplateException">The template refuses the conversation, fails on it, or exceeds the sandbox.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, ChatOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var list = new List<object>(messages.Count);
        long characters = 0;
        foreach (var message in messages)
        {
            var dict = new DictValue();
            dict.Items["role"] = message.Role;
            dict.Items["content"] = message.Content;
            characters += message.Role.Length + message.Content.Length;
            foreach (var (key, value) in message.Extras ?? new Dictionary<string, JsonElement>())
            {
                dict.Items[key] = JsonText.Read(value, $"the message field '{key}'");
                characters += Characters(value);
            }
            list.Add(dict);
        }
        return Render(new ListValue(list), characters, options ?? new());
    }

    /// <summary>As <see cref="Render(IReadOnlyList{ChatMessage}, ChatOptions?)"/>, from messages as raw JSON: an array of objects, with content parts, tool calls and whatever else.</summary>
    /// <exception cref="TemplateException">The template refuses the conversation, fails on it, or exceeds the sandbox.</exception>
    /// <exception cref="HeedException">The messages are no array.</exception>
    public string Render(JsonElement messages, ChatOptions? options = null)
    {
        if (messages.ValueKind != JsonValueKind.Array)
            throw new HeedException($"the messages are a JSON {messages.ValueKind}; an array of objects with role and content is needed");
        return Render(JsonText.Read(messages, "the conversation"), Characters(messages), options ?? new());
    }

    private static long Characters(JsonElement? element) => element is { ValueKind: not JsonValueKind.Undefined } e ? e.GetRawText().Length : 0;

    private string Render(object messages, long characters, ChatOptions options)
    {
        if (toolUse is not null && options.Tools is { ValueKind: JsonValueKind.Array }) return toolUse.Render(messages, characters, options);
        var context = Globals.MakeScope();
        foreach (var (name, value) in options.Variables)
        {
            if (name is "messages" or "tools" or "documents" or "add_generation_prompt")
                throw new HeedException($"the chat variable '{name}' has its own place in ChatOptions or beside it; set it there");
            context.Set(name, Read(value, $"the chat variable '{name}'"));
            characters += Characters(value);
        }
        context.Set("messages", messages);
        context.Set("tools", Read(options.Tools, "tools"));
        context.Set("documents", Read(options.Documents, "documents"));
        context.Set("add_generation_prompt", Values.Bool(options.AddGenerationPrompt));
        characters += Characters(options.Tools) + Characters(options.Documents);

        var top = new Scope(context, template.Unset);
        var rendering = new Rendering(Name, new Budget(characters), options.Now) { Top = top };
        try
        {
            Statement.RunAll(template.Body, rendering, top);
            return rendering.Output;
        }
        catch (TemplateException fault)
        {
            fault.Locate(Name, 0);
            throw;
        }
    }

    private static object Read(JsonElement? value, string what) =>
        value is { ValueKind: not JsonValueKind.Undefined } element ? JsonText.Read(element, what) : None.Value;
}
