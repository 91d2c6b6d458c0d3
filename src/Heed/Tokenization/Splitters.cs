using Heed.Tokenization.Expressions;

namespace Heed.Tokenization;

/// <summary>Matches single characters that pass a test.</summary>
internal sealed class CharacterSplitter(Func<int, bool> test) : ISplitter
{
    private readonly CodePointClass _class = new(test);

    public void FindMatches(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        for (var at = 0; at < text.Length;)
        {
            if (_class.Contains(CodePoints.At(text, at, out var units))) matches.Add((at, at + units));
            at += units;
        }
        OperationCounter.Add(text.Length);
    }
}

/// <summary>Matches a text literally.</summary>
internal sealed class LiteralSplitter(string literal) : ISplitter
{
    public void FindMatches(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        for (var at = 0; at + literal.Length <= text.Length; at += literal.Length)
        {
            var skip = text[at..].IndexOf(literal, StringComparison.Ordinal);
            if (skip < 0) break;
            at += skip;
            matches.Add((at, at + literal.Length));
        }
        OperationCounter.Add(text.Length);
    }
}

/// <summary>Every run of so many characters is a match.</summary>
internal sealed class FixedLengthSplitter(int length) : ISplitter
{
    public void FindMatches(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        var start = 0;
        var count = 0;
        for (var at = 0; at < text.Length;)
        {
            CodePoints.At(text, at, out var units);
            at += units;
            if (++count < length && at < text.Length) continue;
            matches.Add((start, at));
            (start, count) = (at, 0);
        }
        OperationCounter.Add(text.Length);
    }
}

/// <summary>
/// Splits where the script changes, with the exceptions SentencePiece makes: kana count as Han, spaces belong to what is
/// before them.
/// </summary>
internal sealed class ScriptSplitter : ISplitter
{
    private static readonly int s_han = UnicodeData.Scripts.Find("Han")!.Value;
    private static readonly int s_hiragana = UnicodeData.Scripts.Find("Hiragana")!.Value;
    private static readonly int s_katakana = UnicodeData.Scripts.Find("Katakana")!.Value;

    public void FindMatches(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        var start = -1;                          // spaces before the first script are in no match
        var last = -1;
        for (var at = 0; at < text.Length;)
        {
            var c = CodePoints.At(text, at, out var units);
            var script = c == ' ' ? -1 : Script(c);
            if (script >= 0 && script != last)
            {
                if (start >= 0) matches.Add((start, at));
                (start, last) = (at, script);
            }
            at += units;
        }
        if (start >= 0) matches.Add((start, text.Length));
        OperationCounter.Add(text.Length);
    }

    private static int Script(int c)
    {
        if (c == 0x30FC) return s_han;
        var script = UnicodeData.Scripts.Of(c);
        return script == s_hiragana || script == s_katakana ? s_han : script;
    }
}

/// <summary>
/// Groups of three digits counted from the right, as numbers are read: 1|234|567. Written as expressions these look ahead
/// over the whole run at every digit, which takes quadratic time on long ones; counting once does not.
/// </summary>
/// <param name="wholeRun">Only runs that a word boundary ends are grouped.</param>
internal sealed class DigitGroupSplitter(bool wholeRun) : ISplitter
{
    private static readonly CodePointClass s_digits = new(c => CodePoints.Is(c, CodePoints.Bit(System.Globalization.UnicodeCategory.DecimalDigitNumber)));

    public void FindMatches(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        var starts = new List<int>();
        for (var at = 0; at < text.Length;)
        {
            starts.Clear();
            var begin = at;
            while (at < text.Length && s_digits.Contains(CodePoints.At(text, at, out var units)))
            {
                starts.Add(at);
                at += units;
            }
            if (starts.Count == 0)
            {
                CodePoints.At(text, begin, out var other);
                at = begin + other;
                continue;
            }
            if (wholeRun && at < text.Length && CodePoints.IsWord(CodePoints.At(text, at, out _))) continue;
            for (var i = 0; i < starts.Count;)
            {
                var size = (starts.Count - i) % 3 is var rest && rest == 0 ? 3 : rest;
                matches.Add((starts[i], i + size < starts.Count ? starts[i + size] : at));
                i += size;
            }
        }
        OperationCounter.Add(text.Length);
    }
}
