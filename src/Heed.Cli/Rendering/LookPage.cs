using System.Globalization;
using Heed.Cli.Commands;
using Heed.Cli.Looking;

namespace Heed.Cli.Rendering;

/// <summary>The page that `heed look` prints: tokens, a head's pattern, what it adds, the next word.</summary>
internal sealed class LookPage(HeadView view, bool isLesson, int width)
{
    /// <summary>Tokens that look are never more, however wide the terminal is.</summary>
    private const int MaxShown = 60;

    /// <summary>A terminal at least this wide gets two columns.</summary>
    private const int TwoColumns = 116;

    /// <summary>The right one of two columns.</summary>
    private const int RightColumn = 46;

    private const int MaxBarLabel = 12;

    /// <summary>How many tokens that look fit on a page; one column is kept for the earlier ones together.</summary>
    public static int Capacity(int width) => Math.Min(MaxShown, TextDotGrid.Capacity(width) - 1);

    private int Shown => view.End - view.First;

    /// <summary>All lines.</summary>
    public IEnumerable<StyledLine> Lines()
    {
        foreach (var line in Tokens()) yield return line;
        yield return new();
        // Two columns only where the dots do not become smaller for it.
        var keys = Keys();
        var left = width - RightColumn - 4;
        var isWide = width >= TwoColumns && TextDotGrid.SizeFor(keys, keys.Length, left) == TextDotGrid.SizeFor(keys, keys.Length, width);
        var head = Head(isWide ? left : width);
        var next = Next();
        var change = Change();
        if (isWide && head.Max(l => l.Width) <= left)
        {
            foreach (var line in StyledLine.Beside(head, [.. next, new(), .. change], head.Max(l => l.Width) + 4)) yield return line;
            yield break;
        }
        foreach (var line in (StyledLine[])[.. next, new(), .. head, new(), .. change]) yield return line;
    }

    /// <summary>The model, and the tokens with their ids, as many in a line as fit.</summary>
    private IEnumerable<StyledLine> Tokens()
    {
        var config = view.Model.Config;
        yield return StyledLine.Of(ModelPlace.NameOf(view.Model.Path), Role.Strong)
            .Add($" · {config.Layers.Count} layers × {config.Layers[view.Choice.Layer].Heads} heads · {view.Encoding.Count} token{(view.Encoding.Count == 1 ? "" : "s")}", Role.Mute);
        yield return new();
        var (texts, ids) = (new StyledLine(), new StyledLine());
        for (var i = 0; i < view.Encoding.Count; i++)
        {
            var text = TokenLabel.Short(view.TokenTexts[i], 20);
            var id = view.Encoding.Ids[i].ToString(CultureInfo.InvariantCulture);
            var cells = Math.Max(CellWidth.Of(text), id.Length);
            if (texts.Width > 0 && texts.Width + cells > width)
            {
                yield return texts;
                yield return ids;
                (texts, ids) = (new(), new());
            }
            texts.Add(text, i >= view.First && i < view.End ? Role.Query : Role.Ink).PadTo(texts.Width - CellWidth.Of(text) + cells + 2);
            ids.Add(id, Role.Mute).PadTo(texts.Width);
        }
        yield return texts;
        yield return ids;
    }

    /// <summary>Title, how to read it, the grid, what the marks mean.</summary>
    private List<StyledLine> Head(int most)
    {
        List<StyledLine> lines = [StyledLine.Of($"Layer {view.Choice.Layer}, head {view.Choice.Head}: who looks at whom", Role.Strong)];
        lines.AddRange(StyledLine.Wrap(isLesson
            ? "Each column is one token looking back; its dots add up to 1."
            : "Each row is one token looking back; its dots add up to 1.", Math.Min(most, 76), Role.Mute));
        foreach (var why in Why()) lines.AddRange(StyledLine.Wrap(why, Math.Min(most, 76), Role.Mute));
        lines.AddRange(EditOption.Said(view.Edits, most));
        lines.Add(new());

        var keys = Keys();
        var offset = keys.Length - Shown;
        var lookedAt = new GridSide(isLesson ? "keys: what they look at ↓" : "keys: what they look at →", keys, Role.Key);
        var looking = new GridSide(isLesson ? "queries: the tokens that look →" : "queries: the tokens that look ↓", Labels(view.First), Role.Query);
        var (grid, dot, hasNumbers) = isLesson
            ? TextDotGrid.Draw(lookedAt, looking, (row, column) => Weight(column, row - offset), most)
            : TextDotGrid.Draw(looking, lookedAt, (row, column) => Weight(row, column - offset), most);
        lines.AddRange(grid);
        lines.Add(new());
        var masked = view.Window is { } window ? $"later tokens, or {window} or more before, which may not be seen" : "later tokens, which may not be seen";
        lines.AddRange(StyledLine.Wrap($"A dot's area is the weight (none: below {dot.Smallest.ToString("0.000", CultureInfo.InvariantCulture)}). ░ {masked}.", Math.Min(most, 76), Role.Mute));
        if (!hasNumbers) lines.AddRange(Numbers(most));
        return lines;
    }

    /// <summary>Tokens looked at: the shown ones, and those before them together.</summary>
    private string[] Keys() => view.First > 0 ? [$"{view.First} earlier", .. Labels(view.First)] : Labels(view.First);

    private IEnumerable<string> Why()
    {
        if (!view.IsNamed)
            yield return view.Choice.Mean is { } mean
                ? $"Of all heads it looks most at content: {Percent(mean)} of the weight goes past the token itself, the one before, and the first."
                : "The text is too short to choose a head by what it looks at (four tokens are needed); this is the first.";
        if (Shown < view.Encoding.Count)
            yield return $"{Shown} of {view.Encoding.Count} tokens are shown as tokens that look ({view.First} to {view.End - 1})"
                + (view.First > 0 ? $"; \"{view.First} earlier\" adds up what they give to the tokens before." : ".")
                + " --tokens FIRST..LAST shows others.";
    }

    /// <summary>The weight that a shown token gives to a shown one, or (−1) to all earlier ones together.</summary>
    private float Weight(int query, int key)
    {
        if (key >= 0) return view.Weight(view.First + query, view.First + key);
        double sum = 0;
        var any = false;
        for (var k = 0; k < view.First; k++)
        {
            var weight = view.Weight(view.First + query, k);
            if (float.IsNaN(weight)) continue;
            sum += weight;
            any = true;
        }
        return any ? (float)sum : float.NaN;
    }

    /// <summary>The weights that are large, as numbers, where the dots are too small to hold them.</summary>
    private IEnumerable<StyledLine> Numbers(int most)
    {
        var line = StyledLine.Of("Weights of 0.3 and more: ", Role.Mute);
        var any = false;
        for (var query = view.First; query < view.End; query++)
            for (var key = 0; key <= query; key++)
            {
                var weight = view.Weight(query, key);
                if (!(weight >= TextDotGrid.Legible)) continue;
                var item = new StyledLine().Add(any ? "  " : "").Add(TokenLabel.Short(view.TokenTexts[query], MaxBarLabel), Role.Query).Add("→", Role.Mute)
                    .Add(TokenLabel.Short(view.TokenTexts[key], MaxBarLabel), Role.Key).Add(" " + TextDotGrid.Number(weight));
                if (line.Width + item.Width > most)
                {
                    yield return line;
                    line = new();
                }
                line.Add(item);
                any = true;
            }
        yield return any ? line : StyledLine.Of("No weight reaches 0.3.", Role.Mute);
    }

    /// <summary>The length of the head's ΔE at each shown position.</summary>
    private List<StyledLine> Change()
    {
        List<StyledLine> lines =
        [
            StyledLine.Of("What the head adds", Role.Strong),
            StyledLine.Of("The length of its ΔE, added to each token's vector.", Role.Mute),
        ];
        var lengths = Enumerable.Range(view.First, Shown).Select(view.ChangeLength).ToArray();
        var left = Math.Min(MaxBarLabel, Labels(view.First).Max(l => CellWidth.Of(l)));
        for (var i = 0; i < Shown; i++)
            lines.Add(BarLine(TokenLabel.Short(view.TokenTexts[view.First + i], MaxBarLabel), Role.Query, left, lengths[i], lengths.Max(),
                lengths[i].ToString("0.00", CultureInfo.InvariantCulture), Role.Change));
        return lines;
    }

    /// <summary>The most likely next tokens.</summary>
    private List<StyledLine> Next()
    {
        var last = TokenLabel.Short(view.TokenTexts[^1], MaxBarLabel);
        List<StyledLine> lines =
        [
            StyledLine.Of($"Next token after “{last}”", Role.Strong),
            StyledLine.Of($"All {view.Model.Config.VocabularySize.ToString("N0", CultureInfo.InvariantCulture)} tokens were scored; the first {view.Next.Count}:", Role.Mute),
        ];
        var labels = view.Next.Select(n => TokenLabel.Short(n.Text, MaxBarLabel)).ToArray();
        var left = labels.Max(l => CellWidth.Of(l));
        for (var i = 0; i < labels.Length; i++)
        {
            var p = Math.Exp(view.Next[i].LogProbability);
            lines.Add(BarLine(labels[i], Role.Ink, left, p, Math.Exp(view.Next[0].LogProbability), Percent(p), Role.Query));
        }
        return lines;
    }

    private StyledLine BarLine(string label, Role labelRole, int left, double value, double largest, string number, Role role)
    {
        var cells = Math.Clamp(Math.Min(width, 76) - left - 14, 8, 28);
        return new StyledLine().PadTo(left - CellWidth.Of(label)).Add(label, labelRole).PadTo(left + 1)
            .Add(Bar.Of(value, largest, cells), role).PadTo(left + 1 + cells + Math.Max(1, 8 - number.Length)).Add(number);
    }

    private string[] Labels(int first) => [.. Enumerable.Range(first, Shown).Select(i => TokenLabel.Short(view.TokenTexts[i], MaxBarLabel))];

    private static string Percent(double p) => p switch
    {
        >= 0.0995 => $"{(p * 100).ToString("0.0", CultureInfo.InvariantCulture)} %",
        >= 0.00095 => $"{(p * 100).ToString("0.00", CultureInfo.InvariantCulture)} %",
        _ => $"{(p * 100).ToString("0.0000", CultureInfo.InvariantCulture)} %",
    };
}
