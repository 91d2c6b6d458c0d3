// Continues a text, first as it is most likely, then drawn by chance, then with what else could have come.
using Heed;

using var model = LanguageModel.Load(args[0]);

Console.WriteLine("The most likely continuation:");
foreach (var token in model.Generate("Once upon a time", new() { MaxTokens = 20 })) Console.Write(token.Text);

Console.WriteLine("\n\nDrawn by chance, the same for the same seed:");
var chance = new GenerationOptions { MaxTokens = 20, Temperature = 0.8f, TopP = 0.95f, Seed = 42 };
await foreach (var token in model.GenerateAsync("Once upon a time", chance)) Console.Write(token.Text);

Console.WriteLine("\n\nWhat could have come after \"The capital of France is\":");
var next = model.Generate("The capital of France is", new() { MaxTokens = 1, Alternatives = 5 }).Single();
foreach (var other in next.Alternatives) Console.WriteLine($"{Math.Exp(other.LogProbability),8:P1} {other.Text}");
