using Heed;

using var model = LanguageModel.Load(args[0]);   // a folder in Hugging Face layout, or a .gguf file
foreach (var token in model.Generate("Once upon a time", new() { MaxTokens = 20 })) Console.Write(token.Text);

var trace = model.Trace("a fluffy blue creature roamed the verdant forest");
var pattern = trace["blocks.2.attn.hook_pattern"];                          // [head, query, key], exact
Console.WriteLine($"\n{pattern}: head 1, from the last token to the first: {pattern[1, pattern.Shape[1] - 1, 0]:F3}");

var loss = model.Loss(model.Tokenizer.Encode("To be or not to be").Ids);
Console.WriteLine($"{loss.Loss:F3} nats a token over {loss.Count} tokens");
