using Heed.Tracing;

namespace Heed.Cli.Commands;

/// <summary>What `heed trace` draws: scores and weights as grids, a head each; vectors as strips.</summary>
/// <param name="model">The model.</param>
/// <param name="wanted">The names that are kept.</param>
/// <param name="layers">The layers that are kept; null: all.</param>
/// <param name="heads">The heads that are kept; null: all.</param>
internal sealed class TraceFigures(LanguageModel model, IReadOnlyList<string> wanted, int[]? layers, int[]? heads)
{
    /// <summary>Figures on a page at most.</summary>
    private const int Most = 40;

    /// <summary>Says so before the run if more is chosen than is drawn.</summary>
    public void Check(bool isSvg)
    {
        var chosen = wanted.SelectMany(model.Transformer.Activations.Match).Distinct().Where(i => layers is null || i.Layer < 0 || i.Layer == model.Config.Layers.Count || layers.Contains(i.Layer)).ToArray();
        var count = chosen.Sum(i => IsGrid(i.Axes[^1].Axis) ? heads?.Length ?? i.Axes[0].Length : 1);
        if (isSvg && count > 1) throw new UsageException($"--svg is one figure, and this chooses {count}: {string.Join(", ", chosen.Take(3).Select(i => i.Name))}{(chosen.Length > 3 ? ", …" : "")}. Choose one with --names and, of scores and weights, --heads; or draw up to {Most} on a page with --html.");
        if (count > Most) throw new UsageException($"--html draws up to {Most} figures, and this chooses {count}. Choose fewer with --names, --layers and --heads.");
        if (chosen.FirstOrDefault(i => !IsGrid(i.Axes[^1].Axis) && i.Axes.All(a => a.Axis != "position")) is { } other) throw new UsageException($"{other} is neither scores of queries and keys nor vectors of tokens; it cannot be drawn.");
    }

    /// <summary>Draws all that a trace kept.</summary>
    public IReadOnlyList<Figure> Of(Trace trace, IReadOnlyList<string> tokens) => [.. trace.Names.SelectMany(name => Of(trace[name], tokens))];

    private IEnumerable<Figure> Of(Activation activation, IReadOnlyList<string> tokens)
    {
        if (!IsGrid(activation.Axes[^1]))
        {
            yield return VectorStrips.Of(activation, tokens);
            yield break;
        }
        // Queries are a range of the positions; keys up to the last of them are all that they see.
        var kept = activation.Selected.TryGetValue("query", out var some) ? some : [.. Enumerable.Range(0, activation.Shape[1])];
        int queries = kept.Count, keys = kept[^1] + 1;
        var layer = int.Parse(activation.Name.Split('.')[1], System.Globalization.CultureInfo.InvariantCulture);
        for (var h = 0; h < activation.Shape[0]; h++)
        {
            var values = new float[queries * keys];
            for (var q = 0; q < queries; q++) activation.Row(h, q)[..keys].CopyTo(values.AsSpan(q * keys));
            var head = activation.Selected.TryGetValue("head", out var heads) ? heads[h] : h;
            yield return DotGrid.Of(activation with { Shape = [1, queries, keys], Values = values, Selected = new Dictionary<string, IReadOnlyList<int>> { ["head"] = [head] } }, head, [.. tokens.Take(keys)], new() { Layer = layer, Window = model.Config.Layers[layer].Window });
        }
    }

    private static bool IsGrid(string lastAxis) => lastAxis == "key";
}
