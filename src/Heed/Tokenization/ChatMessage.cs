using System.Text.Json;

namespace Heed.Tokenization;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">Who speaks: system, user, assistant, tool.</param>
/// <param name="Content">What is said.</param>
public sealed record ChatMessage(string Role, string Content)
{
    /// <summary>
    /// Further fields as a template sees them beside role and content, as raw JSON: <c>tool_calls</c>, <c>tool_call_id</c>,
    /// <c>name</c>, <c>reasoning_content</c> … A field named <c>role</c> or <c>content</c> replaces the text above
    /// (content may be a list of parts, or null).
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement>? Extras { get; init; }
}

/// <summary>What a rendering is given beside the messages. The names are those of <c>apply_chat_template</c> in Hugging Face's transformers.</summary>
public sealed record ChatOptions
{
    /// <summary>End with the opening of an assistant's turn, so that the model answers. Default true.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>The tools that the model may call: a JSON array of their schemas. Default null, which the template sees as None.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Documents for retrieval: a JSON array. Default null, which the template sees as None.</summary>
    public JsonElement? Documents { get; init; }

    /// <summary>
    /// Everything else the template may ask for, by name: special tokens (<c>bos_token</c>, <c>eos_token</c> …) and switches
    /// such as <c>enable_thinking</c>. A name that is not here is undefined to the template.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement> Variables { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>What <c>strftime_now</c> sees. A template that asks for the time without this being set fails: no clock is read behind the caller's back.</summary>
    public DateTime? Now { get; init; }
}
