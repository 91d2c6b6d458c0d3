using System.Globalization;
using Heed.Formats;
using Heed.Numerics;

namespace Heed.Tracing;

/// <summary>Traces as safetensors files: tensors by the activations' names; axes, selections and tokens in the header's text.</summary>
internal static class TraceFile
{
    private const string Format = "heed.trace", Axes = "axes:", Selected = "selected:", Tokens = "tokens", First = "first_position", Order = "order";

    public static void Save(Trace trace, string path, IReadOnlyDictionary<string, string>? metadata)
    {
        var text = new Dictionary<string, string>(metadata ?? new Dictionary<string, string>())
        {
            [Format] = "1",
            [Tokens] = Join(trace.Tokens),
            [First] = trace.FirstPosition.ToString(CultureInfo.InvariantCulture),
            [Order] = string.Join(' ', trace.Names),
        };
        var tensors = new List<TensorSource>();
        foreach (var name in trace.Names)
        {
            var activation = trace[name];
            text[Axes + name] = string.Join(' ', activation.Axes);
            foreach (var (axis, kept) in activation.Selected) text[$"{Selected}{name}:{axis}"] = Join(kept);
            tensors.Add(TensorSource.Of(name, activation.Values, [.. activation.Shape.Select(n => (long)n)]));
        }
        SafetensorsWriter.Write(path, tensors, text);
    }

    public static Trace Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        if (!file.Metadata.ContainsKey(Format)) throw new HeedException($"{path} is a safetensors file, but no trace that heed wrote: its header has no \"{Format}\".");
        var activations = Text(Order).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name =>
        {
            var tensor = file.Find(name) ?? throw new HeedException($"{path}: the header lists {name}, but the file has no such tensor.");
            var axes = Text(Axes + name).Split(' ');
            if (axes.Length != tensor.Shape.Count) throw new HeedException($"{path}: {name} has {tensor.Shape.Count} axes {tensor.ShapeText}, and {axes.Length} names for them: {string.Join(", ", axes)}.");
            var selected = new Dictionary<string, IReadOnlyList<int>>();
            for (var i = 0; i < axes.Length; i++)
            {
                if (!file.Metadata.TryGetValue($"{Selected}{name}:{axes[i]}", out var kept)) continue;
                selected[axes[i]] = Numbers(kept, $"{Selected}{name}:{axes[i]}");
                if (selected[axes[i]].Count != tensor.Shape[i]) throw new HeedException($"{path}: {name} has {tensor.Shape[i]} entries on axis {axes[i]}; its header lists {selected[axes[i]].Count}.");
            }
            if (tensor.Type != ElementType.F32) throw new HeedException($"{path}: {name} is {tensor.Type}; a trace holds F32.");
            return new Activation(name, axes, [.. tensor.Shape.Select(n => checked((int)n))], tensor.ToFloats()) { Selected = selected };
        }).ToArray();
        return new(activations, Numbers(Text(Tokens), Tokens), Numbers(Text(First), First).FirstOrDefault());

        string Text(string key) => file.Metadata.TryGetValue(key, out var value) ? value : throw new HeedException($"{path}: the header of the trace has no \"{key}\".");

        int[] Numbers(string value, string key) => [.. value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n =>
            int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new HeedException($"{path}: \"{key}\" has \"{n}\", which is no number."))];
    }

    private static string Join(IEnumerable<int> numbers) => string.Join(' ', numbers.Select(n => n.ToString(CultureInfo.InvariantCulture)));
}
