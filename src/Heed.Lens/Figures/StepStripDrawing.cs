namespace Heed.Lens.Figures;

/// <summary>Draws a <see cref="StepStrip"/> up to a step; everything has its place from the start, so that nothing jumps.</summary>
internal sealed class StepStripDrawing
{
    /// <summary>The number of steps.</summary>
    public const int Last = 9;

    private const double Row = 30, Left = 150, SmallStrip = 168, ScoreBar = 72, Length = 40, PlaceWidth = 26, Width = 1180, RightEdge = Width - FigureCanvas.Margin;
    private const double KeyX = Left, ScoreX = Left + SmallStrip + 24, ScaledX = ScoreX + 70 + ScoreBar + 18, DotX = ScaledX + 116, WeightX = DotX + 22, ValueX = WeightX + 56, WeightedX = ValueX + SmallStrip + Length + 24;

    private readonly HeadStory _story;
    private readonly StepStripOptions _options;
    private readonly int[] _shown;
    private readonly float[][] _weighted;
    private readonly float[] _after;
    private readonly TokenWords _words;
    private readonly string _prefix, _query;

    public StepStripDrawing(HeadStory story, StepStripOptions options)
    {
        (_story, _options) = (story, options);
        _words = new TokenWords(story.Tokens);
        _prefix = FigureKey.Head(story.Layer, story.Head);
        _query = $"{_prefix}.q{story.Query}";
        var keys = Enumerable.Range(0, story.Tokens.Count);
        _shown = story.Tokens.Count <= options.MaxKeys ? [.. keys] : [.. keys.OrderByDescending(k => story.Weights[k]).Take(options.MaxKeys).Order()];
        _weighted = [.. keys.Select(k => story.Values[k].Select(v => v * story.Weights[k]).ToArray())];
        _after = [.. story.Embedding.Zip(story.Change, (e, d) => e + d)];
    }

    /// <summary>The picture up to a step, 1 to <see cref="Last"/>.</summary>
    public Figure Draw(int step)
    {
        var token = _words.Of(_story.Query);
        var canvas = new FigureCanvas($"Layer {_story.Layer}, head {_story.Head}: what {token} takes from the others", Caption(step), Width);
        var top = Math.Max(canvas.Top, 96);
        var labelWidth = Left - FigureCanvas.Margin - 12;
        void Label(double y, string text, FigureRole role, string? key, int weight = 600, string? words = null)
            => canvas.Text(Left - 12, y + Strip.Height / 2 + 4, TextWidth.Fit(text, labelWidth - (words is null ? 0 : PlaceWidth), 12, isBold: true), role, 12, Anchor.End, weight, key, words: words);

        // E, and the query made from it.
        int headNumbers = _options.HeadNumbers, widthNumbers = _options.WidthNumbers;
        var wide = RightEdge - Left - 84;
        var largestE = Math.Max(Strip.Largest(_story.Embedding, widthNumbers), Strip.Largest(_after, widthNumbers));
        Label(top, $"E of {TokenLabel.Short(_story.Tokens[_story.Query])}", FigureRole.Ink, $"L{_story.Layer}.p{_story.Query}");
        Strip.Draw(canvas, new($"L{_story.Layer}.p{_story.Query}.E", null, $"E of {_words.Of(_story.Query)}, the vector that enters layer {_story.Layer}"), _story.Embedding, widthNumbers, largestE, Left, top, wide);
        Norm(canvas, top, _story.Embedding, wide);
        var y = top + 40;
        if (step >= 2)
        {
            Label(y, "query", FigureRole.Query, _query);
            Strip.Draw(canvas, new($"{_query}.query", null, $"query of {_words.Of(_story.Query)}: what it looks for", $"L{_story.Layer}.p{_story.Query}.E"), _story.QueryVector, headNumbers,
                Strip.Largest(_story.QueryVector, headNumbers), KeyX, y, SmallStrip);
            canvas.Text(KeyX + SmallStrip + 12, y + 12, $"what {token} looks for", FigureRole.Query, 12);
        }

        var heads = y + 44;
        var rows = heads + 16;
        if (step >= 2) canvas.Text(KeyX, heads, "1 key: what each offers", FigureRole.Key, 12, weight: 600);
        if (step >= 3) canvas.Text(ScoreX, heads, "2 score q·k", FigureRole.Ink, 12, weight: 600);
        if (step >= 4) canvas.Text(ScaledX, heads, $"3 ÷ √{_story.QueryVector.Length}{(step >= 5 && _story.MaskedScores.Any(float.IsNegativeInfinity) ? ", mask" : "")}", FigureRole.Ink, 12, weight: 600);
        if (step >= 6) canvas.Text(DotX - 13, heads, "4 softmax", FigureRole.Ink, 12, weight: 600);
        if (step >= 7) Column(ValueX, "5 value: what each adds");
        if (step >= 8) Column(WeightedX, "6 weight × value");

        void Column(double x, string name)
        {
            canvas.Text(x, heads, name, FigureRole.Value, 12, weight: 600);
            canvas.Text(x + SmallStrip + 8, heads, "length", FigureRole.Mute, 11.5);
        }


        double largestKey = 0, largestValue = 0, largestWeighted = Strip.Largest(_story.Sum, headNumbers), largestScore = 0;
        foreach (var k in _shown)
        {
            largestKey = Math.Max(largestKey, Strip.Largest(_story.Keys[k], headNumbers));
            largestValue = Math.Max(largestValue, Strip.Largest(_story.Values[k], headNumbers));
            largestWeighted = Math.Max(largestWeighted, Strip.Largest(_weighted[k], headNumbers));
            largestScore = Math.Max(largestScore, Math.Abs(_story.RawScores[k]));
        }
        var zero = ScoreX + 70 + (_shown.Any(k => _story.RawScores[k] < 0) ? ScoreBar / 2 : 0);
        var barScale = FigureCanvas.Scale(_shown.Any(k => _story.RawScores[k] < 0) ? ScoreBar / 2 : ScoreBar, largestScore);
        if (step >= 3) canvas.Rule(zero, rows - 2, zero, rows + _shown.Length * Row - 12, FigureRole.Mute);
        for (var i = 0; i < _shown.Length; i++)
        {
            var k = _shown[i];
            var at = rows + i * Row;
            var isMasked = float.IsNegativeInfinity(_story.MaskedScores[k]);
            string key = $"{_prefix}.k{k}", pair = $"{_query}.k{k}", who = _words.Of(k);
            // Many tokens look alike; their places do not.
            canvas.Number(FigureCanvas.Margin, at + 12, FigureNumbers.Exact((long)k), FigureRole.Mute, key, FigureCanvas.Smallest, Anchor.Start, 400);
            Label(at, TokenLabel.Short(_story.Tokens[k]), FigureRole.Key, key, k == _story.Query ? 700 : 500, who);
            if (step >= 2) Strip.Draw(canvas, new($"{key}.key", null, $"key of {who}"), _story.Keys[k], headNumbers, largestKey, KeyX, at, SmallStrip);
            if (step >= 3) Score(canvas, pair, who, _story.RawScores[k], at, zero, barScale);
            if (step >= 4) Scaled(canvas, pair, who, _story.ScaledScores[k], isMasked && step >= 5, at);
            if (step >= 6) Weight(canvas, pair, who, k, at);
            if (step >= 7) Strip.Draw(canvas, new($"{key}.value", null, $"value of {who}"), _story.Values[k], headNumbers, largestValue, ValueX, at, SmallStrip);
            if (step >= 7) LengthOf(canvas, $"{key}.value", $"value of {who}", _story.Values[k], ValueX, at);
            if (step >= 8) Strip.Draw(canvas, new($"{pair}.weighted", null, $"weight {FigureNumbers.Exact(_story.Weights[k])} × value of {who}", $"{key}.value"), _weighted[k], headNumbers, largestWeighted, WeightedX, at, SmallStrip);
            if (step >= 8) LengthOf(canvas, $"{pair}.weighted", $"weight × value of {who}", _weighted[k], WeightedX, at);
        }
        var sum = rows + _shown.Length * Row + 2;
        if (step >= 8)
        {
            var most = _shown.MaxBy(k => _story.Weights[k]);
            canvas.Rule(WeightedX, sum - 6, WeightedX + SmallStrip, sum - 6, FigureRole.Ink);
            canvas.Text(WeightedX - 10, sum + 12, "sum", FigureRole.Value, 12, Anchor.End, 600, $"{_query}.sum");
            Strip.Draw(canvas, new($"{_query}.sum", null, "the weighted values added up", $"{_query}.k{most}.weighted"), _story.Sum, headNumbers, largestWeighted, WeightedX, sum, SmallStrip);
            LengthOf(canvas, $"{_query}.sum", "sum", _story.Sum, WeightedX, sum);
        }
        var bottom = sum + Strip.Height + 44;
        if (step >= 9) Change(canvas, bottom, wide, widthNumbers, largestE, Label);
        return canvas.Finish(bottom + 28 + Row + Strip.Height, Foot());
    }

    private void Change(FigureCanvas canvas, double bottom, double wide, int widthNumbers, double largestE, Action<double, string, FigureRole, string?, int, string?> label)
    {
        canvas.Text(FigureCanvas.Margin, bottom - 10, "7 the sum, made as long as E again (Value↑), is ΔE: E + ΔE = E′", FigureRole.Change, 12, weight: 600);
        var y = bottom + 4;
        label(y, "+ ΔE", FigureRole.Change, $"{_query}.change", 600, null);
        Strip.Draw(canvas, new($"{_query}.change", null, "ΔE: what this head changes", $"{_query}.sum"), _story.Change, widthNumbers, Strip.Largest(_story.Change, widthNumbers), Left, y, wide);
        Norm(canvas, y, _story.Change, wide);
        y += Row;
        label(y, "= E′", FigureRole.Ink, $"{_query}.after", 600, null);
        Strip.Draw(canvas, new($"{_query}.after", null, "E + ΔE of this head", $"L{_story.Layer}.p{_story.Query}.E"), _after, widthNumbers, largestE, Left, y, wide);
        Norm(canvas, y, _after, wide);
    }

    private static void Score(FigureCanvas canvas, string pair, string who, float score, double y, double zero, double scale)
    {
        canvas.Number(ScoreX + 50, y + 12, FigureNumbers.Signed(score), FigureRole.Ink, $"{pair}.raw", 12, Anchor.End, 400);
        canvas.Rectangle(Mark.Of($"{pair}.raw", score, $"query · key of {who}: {FigureNumbers.Exact(score)}") with { From = $"{pair[..pair.IndexOf(".q", StringComparison.Ordinal)]}.{pair[(pair.LastIndexOf('.') + 1)..]}.key" },
            Math.Min(zero, zero + score * scale), y + 1, Math.Abs(score) * scale, Strip.Height - 2, score < 0 ? FigureRole.Key : FigureRole.Query);
    }

    /// <summary>The number alone, on the paper's own ground; a masked one becomes −∞ on that of what may not be seen.</summary>
    private static void Scaled(FigureCanvas canvas, string pair, string who, float score, bool isMasked, double y)
    {
        var words = $"query · key of {who}, scaled: {FigureNumbers.Exact(score)}{(isMasked ? "; masked, −∞" : "")}";
        canvas.Rectangle(Mark.Of($"{pair}.scaled", score, words) with { From = $"{pair}.raw" }, ScaledX, y, 66, Strip.Height, isMasked ? FigureRole.Masked : FigureRole.Paper, round: 3);
        canvas.Number(ScaledX + 60, y + 12, isMasked ? "−∞" : FigureNumbers.Signed(score), FigureRole.Ink, $"{pair}.scaled", 12, Anchor.End, 400);
    }

    private void Weight(FigureCanvas canvas, string pair, string who, int k, double y)
    {
        var weight = _story.Weights[k];
        canvas.Circle(Mark.Of(pair, weight, $"{_words.Of(_story.Query)} looks at {who}: {FigureNumbers.Exact(weight)}") with { From = $"{pair}.scaled" }, DotX, y + Strip.Height / 2, 13 * Math.Sqrt(Math.Abs(weight)), weight < 0 ? FigureRole.Key : FigureRole.Ink);
        canvas.Number(WeightX, y + 12, weight == 0 ? "0" : weight < 0 ? FigureNumbers.Signed(weight) : weight < 0.005 ? "< .01" : FigureNumbers.Weight(weight), weight >= DotGrid.Legible ? FigureRole.Ink : FigureRole.Mute, pair, 12, Anchor.Start, weight >= DotGrid.Legible ? 600 : 400);
    }

    private static void Norm(FigureCanvas canvas, double y, float[] vector, double wide)
        => canvas.Text(Left + wide + 10, y + 12, $"length {FigureNumbers.Plain(Strip.Length(vector))}", FigureRole.Mute, 11.5);

    /// <summary>The length of a strip's whole vector, beside it.</summary>
    private static void LengthOf(FigureCanvas canvas, string key, string what, float[] vector, double x, double y)
    {
        var length = Strip.Length(vector);
        canvas.BeginGroup(new($"{key}.length", FigureNumbers.Exact(length), $"{what}: {FigureNumbers.Exact(length)} long"), "data-value");
        canvas.Number(x + SmallStrip + 8, y + 12, FigureNumbers.Plain(length), FigureRole.Mute, null, 11.5, Anchor.Start, 400);
        canvas.EndGroup();
    }

    private string Caption(int step)
    {
        var who = _words.Of(_story.Query);
        var masked = _story.MaskedScores.Count(float.IsNegativeInfinity);
        return step switch
        {
            1 when _story.Layer == 0 => $"E is the vector of {who} as it enters the first layer: its embedding, which knows nothing of the others yet.",
            1 => $"E is the vector of {who} as it enters layer {_story.Layer}: the word, its place, and what earlier layers wrote.",
            2 => $"From E the head makes a query, what {who} looks for; from every token's own vector a key, what it offers.",
            3 => "Each key is multiplied with the query, number by number, and added up: the larger the score, the better the match.",
            4 => $"Scores are divided by √{_story.QueryVector.Length}, so that softmax does not give everything to one token.",
            5 when masked == 0 => $"No token comes after {who} that it could see, so nothing is masked here.",
            5 => $"{masked} of {_story.Tokens.Count} scores become −∞: {who} may not see these tokens.",
            6 => "Softmax turns the scores into weights between 0 and 1 that add up to 1; a dot's area is the weight.",
            7 => "Every token also has a value: what it would add to another that looks at it.",
            8 => "Each value is multiplied with its weight, and all are added up: most fade, some stay.",
            _ => $"The sum, through Value↑, is ΔE: this head's change. Added to E it gives E′, a vector of {who} that knows more of its context.",
        };
    }

    private string Foot()
    {
        var head = Math.Min(_options.HeadNumbers, _story.QueryVector.Length);
        var width = Math.Min(_options.WidthNumbers, _story.Embedding.Length);
        var foot = $"strips: the first {head} of {_story.QueryVector.Length} numbers of query, keys and values, and {width} of {_story.Embedding.Length} of E, ΔE and E′ · blue, from the top: above zero; orange, from the ground: below · "
            + "strengths compare within a column, and between E and E′ · length: of the whole vector";
        if (_shown.Length == _story.Tokens.Count) return foot;
        var rest = Enumerable.Range(0, _story.Tokens.Count).Except(_shown).Sum(k => (double)_story.Weights[k]);
        return foot + $" · the {_shown.Length} of {_story.Tokens.Count} tokens that {_words.Of(_story.Query)} takes most from are shown; from the others it takes {FigureNumbers.Percent(rest)} together";
    }
}
