using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Heed.Formats;
using Heed.Tokenization;

namespace Heed;

/// <summary>
/// A conversation. Its messages are rendered with the model's chat template, and the cache keeps what was read before:
/// only what is new is computed.
/// </summary>
public sealed class Chat
{
    private readonly LanguageModel _model;
    private readonly ChatTemplate _template;
    private readonly TimeProvider _clock;
    private readonly List<ChatMessage> _messages = [];
    private KeyValueCache _cache;

    /// <summary>An empty conversation.</summary>
    /// <param name="model">A model with a chat template.</param>
    /// <param name="system">What the model is told first, or null for the template's own.</param>
    /// <param name="clock">What templates that write the date see; the system's clock by default.</param>
    /// <exception cref="HeedException">The model has no chat template.</exception>
    public Chat(LanguageModel model, string? system = null, TimeProvider? clock = null) : this(model, [], clock)
    {
        Reset(system);
    }

    /// <summary>A conversation that goes on.</summary>
    /// <param name="model">A model with a chat template.</param>
    /// <param name="messages">What was said so far.</param>
    /// <param name="clock">What templates that write the date see; the system's clock by default.</param>
    /// <exception cref="HeedException">The model has no chat template.</exception>
    public Chat(LanguageModel model, IEnumerable<ChatMessage> messages, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(messages);
        _model = model;
        _clock = clock ?? TimeProvider.System;
        _template = model.ChatTemplate ?? throw new HeedException(
            $"{model.Path} has no chat template (looked for chat_template.jinja, tokenizer_config.json's chat_template, and GGUF's tokenizer.chat_template). Use 'generate' to continue plain text.");
        _cache = new(model.Config);
        _messages.AddRange(messages);
    }

    /// <summary>The messages so far.</summary>
    public IReadOnlyList<ChatMessage> Messages => _messages;

    /// <summary>What templates may ask for beyond the messages. The tokenizer's special tokens (<c>bos_token</c>, …) and the
    /// time are filled in where these do not say otherwise.</summary>
    public ChatOptions Options { get; set; } = new();

    /// <summary>The conversation as the model reads it, with the template's special tokens; before the reply that is under way.</summary>
    public string Prompt => Render();

    /// <summary>How many of the last reply's prompt tokens were already in the cache.</summary>
    public int ReusedTokens { get; private set; }

    /// <summary>How many tokens the last reply's prompt had.</summary>
    public int PromptTokens { get; private set; }

    /// <summary>Forgets the conversation and starts again.</summary>
    public void Reset(string? system = null)
    {
        _messages.Clear();
        _cache = new(_model.Config);
        if (system is not null) _messages.Add(new("system", system));
    }

    /// <summary>Says something and streams the reply. A reply that is cancelled stays in the conversation as far as it got.</summary>
    public IEnumerable<GeneratedToken> Say(string text, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        _messages.Add(new("user", text));
        int[] prompt;
        IEnumerator<GeneratedToken> tokens;
        try
        {
            prompt = _model.Tokenizer.Encode(Render(), addSpecialTokens: false).Ids;
            tokens = _model.Generate(prompt, options, _cache, cancellation).GetEnumerator();
        }
        catch
        {
            _messages.RemoveAt(_messages.Count - 1);
            throw;
        }
        PromptTokens = prompt.Length;
        ReusedTokens = _cache.Length;
        return Reply(tokens);
    }

    /// <summary>The conversation as the model reads it.</summary>
    private string Render()
    {
        var tokenizer = _model.Tokenizer;
        var variables = new Dictionary<string, JsonElement>();
        foreach (var (name, id) in new[] { ("bos_token", tokenizer.BosId), ("eos_token", tokenizer.EosId), ("pad_token", tokenizer.PadId), ("unk_token", tokenizer.UnknownId) })
            if (id is { } token)
                variables[name] = JsonDocument.Parse($"\"{JsonEncodedText.Encode(tokenizer.TokenText(token))}\"").RootElement;
        foreach (var (name, value) in Options.Variables) variables[name] = value;
        return _template.Render(_messages, Options with { Variables = variables, Now = Options.Now ?? _clock.GetLocalNow().DateTime });
    }

    /// <summary>Saves the messages as a JSON array of objects with role and content. The file is written whole or not at all.</summary>
    /// <exception cref="HeedException">It cannot be written; a file that was there before is untouched.</exception>
    public void Save(string path) => AtomicFile.Write(path, 0, stream =>
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartArray();
        foreach (var message in _messages)
        {
            json.WriteStartObject();
            json.WriteString("role", message.Role);
            json.WriteString("content", message.Content);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    private IEnumerable<GeneratedToken> Reply(IEnumerator<GeneratedToken> tokens)
    {
        var reply = new StringBuilder();
        var started = false;
        try
        {
            while (tokens.MoveNext())
            {
                started = true;
                reply.Append(tokens.Current.Text);
                yield return tokens.Current;
            }
        }
        finally
        {
            tokens.Dispose();
            if (started) _messages.Add(new("assistant", reply.ToString()));
            else _messages.RemoveAt(_messages.Count - 1);
        }
    }
}
