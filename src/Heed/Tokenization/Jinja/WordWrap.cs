using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>The filter <c>wordwrap</c>: every line of the text broken at spaces and hyphens to a width.</summary>
internal static class WordWrap
{
    public static object Filter(Rendering r, object value, Arguments arguments)
    {
        var width = arguments.Integer("width", 79);
        var breakLong = arguments.Flag("break_long_words", true);
        var joint = arguments.Optional("wrapstring", None.Value) is var given && given is None ? "\n" : StringMethods.Operand(given);
        var breakHyphens = arguments.Flag("break_on_hyphens", true);
        arguments.Done();
        if (value is Undefined undefined) throw undefined.Fail();
        if (!Values.IsText(value, out var text)) throw Fault.Type($"wordwrap needs text, not {Values.TypeName(value)}");
        if (width <= 0) throw Fault.Value($"invalid width {width} (must be > 0)");
        r.Budget.Charge(text.Length);
        var lines = Splitting.Lines(r.Budget, text).Select(line => string.Join(joint, Wrap(r.Budget, line, width, breakLong, breakHyphens)));
        return r.Budget.Made(string.Join(joint, lines));
    }

    private static List<string> Wrap(Budget budget, string line, long width, bool breakLong, bool breakHyphens)
    {
        var chunks = new Stack<string>(Chunks(line, breakHyphens).AsEnumerable().Reverse());
        var lines = new List<string>();
        var current = new StringBuilder();
        while (chunks.Count > 0)
        {
            current.Clear();
            long length = 0;
            // White space at the beginning of a line goes, except of the first.
            if (lines.Count > 0 && IsBlank(chunks.Peek())) chunks.Pop();
            var last = "";
            while (chunks.Count > 0 && length + CodePoints.Length(chunks.Peek()) <= width) Take(chunks.Pop());
            if (chunks.Count > 0 && CodePoints.Length(chunks.Peek()) > width)
            {
                var chunk = chunks.Pop();
                var room = width < 1 ? 1 : width - length;
                if (breakLong)
                {
                    var points = (int)room;
                    if (breakHyphens && CodePoints.Length(chunk) > room)
                    {
                        // After the last hyphen that fits and has more than hyphens before it.
                        var part = chunk[..CodePoints.Offset(chunk, room)];
                        var hyphen = part.LastIndexOf('-');
                        if (hyphen > 0 && part[..hyphen].Any(c => c != '-')) points = CodePoints.Length(part.AsSpan(0, hyphen + 1));
                    }
                    var at = CodePoints.Offset(chunk, points);
                    if (at > 0) Take(chunk[..at]);
                    chunks.Push(chunk[at..]);
                }
                else if (length == 0) Take(chunk);
                else chunks.Push(chunk);
            }
            budget.Step();
            if (length == 0 && chunks.Count > 0 && current.Length == 0 && chunks.Peek().Length == 0) chunks.Pop();
            if (last.Length > 0 && IsBlank(last)) current.Length -= last.Length;
            if (current.Length > 0) lines.Add(current.ToString());

            void Take(string chunk)
            {
                budget.Step();
                current.Append(chunk);
                length += CodePoints.Length(chunk);
                last = chunk;
            }
        }
        return lines;
    }

    private static bool IsBlank(string chunk) => chunk.Length > 0 && chunk.All(CodePoints.IsSpace);

    /// <summary>Runs of spaces, and words; words are cut after hyphens between letters when asked, and around em-dashes (two or more hyphens).</summary>
    private static List<string> Chunks(string line, bool breakHyphens)
    {
        var chunks = new List<string>();
        for (var at = 0; at < line.Length;)
        {
            var start = at;
            var blank = IsBreak(line[at]);
            while (at < line.Length && IsBreak(line[at]) == blank) at++;
            var run = line[start..at];
            if (blank || !breakHyphens) chunks.Add(run);
            else CutWord(run, chunks);
        }
        return chunks;
    }

    private static bool IsBreak(char c) => c is ' ' or '\t' or '\n' or '\v' or '\f' or '\r';

    private static void CutWord(string word, List<string> chunks)
    {
        var start = 0;
        for (var i = 0; i < word.Length; i++)
        {
            if (word[i] != '-') continue;
            var end = i;
            while (end < word.Length && word[end] == '-') end++;
            if (end - i >= 2)
            {
                // A dash of several hyphens stands alone between words.
                if (i > start && end < word.Length && (char.IsLetterOrDigit(word[i - 1]) || "!\"'&.,?".Contains(word[i - 1])) && (char.IsLetterOrDigit(word[end]) || word[end] == '_'))
                {
                    chunks.Add(word[start..i]);
                    chunks.Add(word[i..end]);
                    start = end;
                }
                i = end - 1;
            }
            else if (i >= start + 2 && IsLetter(word[i - 1]) && IsLetter(word[i - 2]) && i + 2 < word.Length && IsLetter(word[i + 1]) && (IsLetter(word[i + 2]) || (word[i + 2] == '-' && i + 3 < word.Length && IsLetter(word[i + 3]))))
            {
                chunks.Add(word[start..(i + 1)]);
                start = i + 1;
            }
        }
        if (start < word.Length) chunks.Add(word[start..]);
    }

    private static bool IsLetter(char c) => char.IsLetter(c) || c == '_';
}
