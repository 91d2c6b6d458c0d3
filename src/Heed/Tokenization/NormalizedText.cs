namespace Heed.Tokenization;

/// <summary>
/// A stretch of text under normalisation: its characters now, and for each the range of the input that it stands for.
/// How inserted and replaced characters inherit their places is Hugging Face's, so that offsets agree with theirs.
/// </summary>
internal sealed class NormalizedText
{
    private readonly int _origin;
    private readonly long _limit;
    private TextWriterWithPlaces _now;

    /// <summary>The input's characters from <paramref name="start"/> to <paramref name="end"/>.</summary>
    public NormalizedText(ReadOnlySpan<char> input, int start, int end)
    {
        _origin = start;
        _limit = 100L * (end - start) + 100_000;
        _now = new TextWriterWithPlaces(end - start);
        for (var at = start; at < end;)
        {
            CodePoints.At(input, at, out var units);
            for (var i = 0; i < units; i++) _now.Add(input[at + i], at, at + units);
            at += units;
        }
    }

    public ReadOnlySpan<char> Text => _now.Text.AsSpan(0, _now.Length);

    public bool IsEmpty => _now.Length == 0;

    public void CopyTo(TextWriterWithPlaces writer)
    {
        for (var i = 0; i < _now.Length; i++) writer.Add(_now.Text[i], _now.Starts[i], _now.Ends[i]);
    }

    /// <summary>
    /// Replaces the text: code points with 0 where one takes the place of the next old one,
    /// 1 where it is new (and shares the place of what is before it), -n where it replaces one and the n after it vanish.
    /// </summary>
    /// <param name="changes">The new text, with what each character replaces.</param>
    /// <param name="removedAtStart">How many old code points vanish before the first.</param>
    public void Transform(List<(int CodePoint, int Change)> changes, int removedAtStart = 0)
    {
        var old = Text;
        var result = new TextWriterWithPlaces(changes.Count + 8);
        var at = 0;
        Skip(old, removedAtStart);
        foreach (var (codePoint, change) in changes)
        {
            int start, end;
            if (change > 0)
            {
                (start, end) = at == 0 ? (_origin, _origin) : (_now.Starts[at - 1], _now.Ends[at - 1]);
            }
            else
            {
                var from = Math.Min(at, _now.Length - 1);
                (start, end) = from < 0 ? (_origin, _origin) : (_now.Starts[from], _now.Ends[from]);
                Skip(old, 1 - change);
            }
            Write(result, codePoint, start, end);
        }
        Become(result);

        void Skip(ReadOnlySpan<char> text, int count)
        {
            for (; count > 0 && at < text.Length; count--)
            {
                CodePoints.At(text, at, out var units);
                at += units;
            }
        }
    }

    /// <summary>Replaces every match by <paramref name="content"/>, which takes the place of the match's last character.</summary>
    public void Replace(ISplitter pattern, string content)
    {
        var matches = new List<(int Start, int End)>();
        pattern.FindMatches(Text, matches);
        if (matches.Count == 0) return;
        var result = new TextWriterWithPlaces((int)Math.Min(_now.Length + (long)matches.Count * content.Length, _limit));
        var at = 0;
        foreach (var (start, end) in matches)
        {
            Copy(at, start, result);
            var (first, last) = end == 0 ? (_origin, _origin) : (_now.Starts[end - 1], _now.Ends[end - 1]);
            foreach (var c in content) result.Add(c, first, last);
            at = end;
            CheckLength(result);
        }
        Copy(at, _now.Length, result);
        Become(result);
    }

    /// <summary>Puts <paramref name="text"/> before the rest; it shares the first character's place.</summary>
    public void Prepend(string text)
    {
        if (_now.Length == 0) return;
        var result = new TextWriterWithPlaces(_now.Length + text.Length);
        foreach (var c in text) result.Add(c, _now.Starts[0], _now.Ends[0]);
        Copy(0, _now.Length, result);
        Become(result);
    }

    /// <summary>Keeps the characters for which <paramref name="keep"/> holds.</summary>
    public void Filter(Func<int, bool> keep)
    {
        var changes = new List<(int, int)>(_now.Length);
        int removed = 0, removedAtStart = 0;
        var last = -1;
        foreach (var rune in EnumerateCodePoints())
        {
            if (!keep(rune))
            {
                removed++;
                continue;
            }
            if (last >= 0) changes.Add((last, -removed));
            else removedAtStart = removed;
            (last, removed) = (rune, 0);
        }
        if (last >= 0) changes.Add((last, -removed));
        Transform(changes, removedAtStart);
    }

    /// <summary>Replaces each character by another.</summary>
    public void Map(Func<int, int> map)
    {
        var changes = new List<(int, int)>(_now.Length);
        foreach (var rune in EnumerateCodePoints()) changes.Add((map(rune), 0));
        Transform(changes);
    }

    /// <summary>The characters as code points.</summary>
    public List<int> EnumerateCodePoints()
    {
        var text = Text;
        var list = new List<int>(text.Length);
        for (var at = 0; at < text.Length;)
        {
            list.Add(CodePoints.At(text, at, out var units));
            at += units;
        }
        return list;
    }

    private void Become(TextWriterWithPlaces result)
    {
        CheckLength(result);
        _now = result;
    }

    /// <summary>Normalisers that keep making the text longer come from a damaged file; no real one makes it a hundred times as long.</summary>
    private void CheckLength(TextWriterWithPlaces result)
    {
        if (result.Length > _limit) throw new HeedException($"The tokenizer's normalizer makes a text of at most {(_limit - 100_000) / 100} characters longer than {_limit}; it cannot be used.");
    }

    private void Copy(int start, int end, TextWriterWithPlaces to)
    {
        for (var i = start; i < end; i++) to.Add(_now.Text[i], _now.Starts[i], _now.Ends[i]);
    }

    private static void Write(TextWriterWithPlaces to, int codePoint, int start, int end)
    {
        if (codePoint <= 0xFFFF)
        {
            to.Add((char)codePoint, start, end);
            return;
        }
        to.Add((char)(0xD800 + ((codePoint - 0x10000) >> 10)), start, end);
        to.Add((char)(0xDC00 + ((codePoint - 0x10000) & 0x3FF)), start, end);
    }
}
