// What one attention head does with a sentence: the scores, the weights, and what it adds, as the model computed them.
using Heed;

using var model = LanguageModel.Load(args[0]);
const int layer = 1, head = 2;
var tokens = model.Tokenizer.Encode("the cat sat on the mat");

// One pass; the trace keeps the activations named.
var trace = model.Trace(tokens.Ids, [$"blocks.{layer}.attn.*"]);
var raw = trace[$"blocks.{layer}.attn.hook_raw_scores"];        // [head, query, key]: q·k
var scaled = trace[$"blocks.{layer}.attn.hook_scaled_scores"];  // [head, query, key]: ÷ √d
var pattern = trace[$"blocks.{layer}.attn.hook_pattern"];       // [head, query, key]: softmax; each query's weights add up to 1
var added = trace[$"blocks.{layer}.attn.hook_result"];          // [position, head, width]: what the head adds to the residual stream

var query = tokens.Count - 1;
Console.WriteLine($"Layer {layer}, head {head}: what \"{tokens.Tokens[query]}\" looks at");
Console.WriteLine($"{"key",-12}{"q·k",10}{"÷ √d",10}{"weight",10}");
for (var key = 0; key <= query; key++)
    Console.WriteLine($"{tokens.Tokens[key],-12}{raw[head, query, key],10:F2}{scaled[head, query, key],10:F2}{pattern[head, query, key],10:F3}");

var length = Math.Sqrt(added.Row(query, head).ToArray().Sum(x => (double)x * x));
Console.WriteLine($"The weights add up to {pattern.Row(head, query).ToArray().Sum():F3}; the head adds a vector of length {length:F3}.");
