// A conversation. The cache keeps what was read: each message costs only what is new.
using Heed;

using var model = LanguageModel.Load(args[0]);
var chat = new Chat(model, "You answer in one short sentence.");

foreach (var message in new[] { "What is attention?", "And in a transformer?" })
{
    Console.WriteLine($"> {message}");
    foreach (var token in chat.Say(message, new() { MaxTokens = 30 })) Console.Write(token.Text);
    Console.WriteLine($"\n  ({chat.ReusedTokens} of {chat.PromptTokens} tokens were in the cache)");
}
