using System.Reflection;
using Heed.Tokenization;
using Microsoft.AspNetCore.Http.Metadata;

namespace Heed.Server;

/// <summary>A conversation that is to go on.</summary>
public sealed record ChatRequest
{
    /// <summary>The messages so far, the last one the visitor's.</summary>
    public required IReadOnlyList<SaidMessage> Messages { get; set; }

    /// <summary>The model's id; by default the first.</summary>
    public string? Model { get; set; }

    /// <summary>Tokens of the reply at most; by default 256, or as many as the lab allows.</summary>
    public int? MaxTokens { get; set; }

    /// <summary>Tokens that the reply begins with: all of one that is known, with as many for <see cref="MaxTokens"/>, or those before a word that is to be another.</summary>
    public IReadOnlyList<int>? Begin { get; set; }

    /// <summary>0: always the most likely token; more: more variety.</summary>
    public float Temperature { get; set; }

    /// <summary>Seeds the choices.</summary>
    public ulong Seed { get; set; }
}

/// <summary>A message.</summary>
/// <param name="Role"><c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">Its text.</param>
public sealed record SaidMessage(string Role, string Content);

/// <summary>A token that could have come.</summary>
/// <param name="Id">Its number in the vocabulary.</param>
/// <param name="Label">Its text with whitespace made visible.</param>
/// <param name="Probability">Of all tokens that the model knows.</param>
public sealed record ChatAlternative(int Id, string Label, double Probability);

/// <summary>A token of a reply.</summary>
/// <param name="Id">Its number in the vocabulary.</param>
/// <param name="Text">The text that is certain with it; empty while a character is incomplete.</param>
/// <param name="Probability">What the model itself gave it, before temperature.</param>
/// <param name="Alternatives">The most likely tokens at this place.</param>
/// <param name="Stop">Why it is the last, or null.</param>
public sealed record ChatToken(int Id, string Text, double Probability, IReadOnlyList<ChatAlternative> Alternatives, string? Stop);

/// <summary>/api/chat: a reply, token by token.</summary>
internal static class ChatResource
{
    private const int MaxMessages = 200;
    private static readonly string[] s_roles = ["system", "user", "assistant"];

    public static void MapChat(this IEndpointRouteBuilder app) => app.MapPost("/api/chat", Reply).WithName("chat").WithSummary("The reply to a conversation: events 'prompt', 'token' for each token, and 'problem'.");

    private static ChatEvents Reply(ChatRequest request, LabModels models)
    {
        var model = models.Of(request.Model);
        var messages = request.Messages ?? [];
        if (messages is not [.., { Role: "user" }]) throw new HeedException("messages must end with one of the role \"user\".");
        if (messages.Count > MaxMessages) throw new HeedException($"There are {messages.Count} messages; the lab takes at most {MaxMessages}. Begin a new conversation.");
        foreach (var message in messages)
        {
            if (message?.Content is null) throw new HeedException("A message has no content; give its text.");
            if (!s_roles.Contains(message.Role)) throw new HeedException($"A message has the role \"{message.Role}\"; there are {string.Join(", ", s_roles)}.");
        }
        var characters = messages.Sum(m => m.Content.Length);
        if (characters > models.Options.MaxChatCharacters) throw new HeedException($"The conversation has {characters:N0} characters; the lab takes at most {models.Options.MaxChatCharacters:N0}. Begin a new one.");
        var most = request.MaxTokens ?? Math.Min(256, models.Options.MaxNewTokens);
        if (most < 1 || most > models.Options.MaxNewTokens) throw new HeedException($"maxTokens is {most}; it must be from 1 to {models.Options.MaxNewTokens}.");
        var options = new GenerationOptions { MaxTokens = most, Begin = request.Begin ?? [], Temperature = request.Temperature, Seed = request.Seed, Alternatives = ChatEvents.Alternatives };
        options.Validate(model.Model.Config.VocabularySize);
        var chat = new Chat(model.Model, [.. messages.SkipLast(1).Select(m => new ChatMessage(m.Role, m.Content))]);
        return new(model, chat, messages[^1].Content, options);
    }
}

/// <summary>The events. Between any two tokens others have their turn; the model stops when the visitor leaves.</summary>
internal sealed class ChatEvents(LabModel model, Chat chat, string message, GenerationOptions options) : IResult, IEndpointMetadataProvider
{
    public const int Alternatives = 10;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var stop = httpContext.RequestAborted;
        var events = new EventStream(httpContext);
        IEnumerator<GeneratedToken>? tokens = null;
        try
        {
            tokens = chat.Say(message, options, stop).GetEnumerator();
            // What the model reads: with it, any token of the reply can be looked at.
            await events.WriteAsync("prompt", chat.Prompt);
            while (await model.WithEngineAsync(tokens.MoveNext, stop)) await events.WriteAsync("token", Said(tokens.Current));
        }
        catch (HeedException e)
        {
            await events.WriteAsync("problem", new Problem(e.Message));
        }
        finally
        {
            tokens?.Dispose();
        }
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
        => builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(ChatToken), [EventStream.ContentType]));

    private ChatToken Said(GeneratedToken token) => new(token.Id, token.Text, Math.Exp(token.LogProbability),
        [.. token.Alternatives.Select(a => new ChatAlternative(a.Id, TokenLabel.Visible(AnswerTokens.Text(model.Model.Tokenizer, a.Id)), Math.Exp(a.LogProbability)))], token.Stop?.ToString());
}
