using System.Globalization;

namespace Heed.Tokenization;

/// <summary>
/// The parts of the Unicode Character Database that .NET offers only through ICU, which Heed does without
/// (invariant globalisation: small, the same everywhere): normalisation and scripts. Read once, from unicode.txt.
/// </summary>
internal sealed class UnicodeData
{
    private static readonly Lazy<UnicodeData> s_instance = new(() => new UnicodeData());

    private readonly Dictionary<int, int[]> _canonical = [];
    private readonly Dictionary<int, int[]> _compatibility = [];
    private readonly Dictionary<long, int> _compositions = [];
    private readonly Dictionary<int, byte> _classes = [];
    private readonly ScriptTable _scripts = new();
    private readonly HashSet<int> _afterUnicode8 = [];

    private UnicodeData()
    {
        using var stream = typeof(UnicodeData).Assembly.GetManifestResourceStream("Heed.Tokenization.unicode.txt")
            ?? throw new InvalidOperationException("The resource unicode.txt is missing from the build.");
        using var reader = new StreamReader(stream, System.Text.Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#')) continue;
            var parts = line.Split(' ');
            var first = Hexadecimal(parts[1]);
            switch (line[0])
            {
                case 'd':
                case 'x':
                    var to = Array.ConvertAll(parts[2..], Hexadecimal);
                    _canonical[first] = to;
                    if (line[0] == 'd') _compositions[Pair(to[0], to[1])] = first;
                    break;
                case 'k':
                    _compatibility[first] = Array.ConvertAll(parts[2..], Hexadecimal);
                    break;
                case 'c':
                    var combining = byte.Parse(parts[3], CultureInfo.InvariantCulture);
                    for (var c = first; c <= Hexadecimal(parts[2]); c++) _classes[c] = combining;
                    break;
                case 'n':
                    for (var c = first; c <= Hexadecimal(parts[2]); c++) _afterUnicode8.Add(c);
                    break;
                case 's':
                    _scripts.Add(first, Hexadecimal(parts[2]), parts[3]);
                    break;
            }
        }
    }

    private static UnicodeData Instance => s_instance.Value;

    /// <summary>Scripts by code point.</summary>
    public static ScriptTable Scripts => Instance._scripts;

    private static int Hexadecimal(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static long Pair(int a, int b) => ((long)a << 32) | (uint)b;

    /// <summary>The canonical combining class: 0 for starters.</summary>
    public static int CombiningClass(int codePoint) => codePoint < 0x300 ? 0 : Instance._classes.GetValueOrDefault(codePoint);

    /// <summary>True for punctuation, nonspacing marks and format characters that became so after Unicode 8.0.</summary>
    public static bool IsAfterUnicode8(int codePoint) => codePoint >= 0x600 && Instance._afterUnicode8.Contains(codePoint);

    /// <summary>Appends the full decomposition of <paramref name="codePoint"/>; Hangul is computed (Unicode 3.12).</summary>
    public static void Decompose(int codePoint, bool compatibility, List<int> into)
    {
        if (codePoint < 0xA0)
        {
            into.Add(codePoint);
            return;
        }
        if (codePoint is >= 0xAC00 and <= 0xD7A3)
        {
            var s = codePoint - 0xAC00;
            into.Add(0x1100 + s / 588);
            into.Add(0x1161 + s % 588 / 28);
            if (s % 28 != 0) into.Add(0x11A7 + s % 28);
            return;
        }
        if (Instance._canonical.TryGetValue(codePoint, out var to) || (compatibility && Instance._compatibility.TryGetValue(codePoint, out to)))
            foreach (var part in to) Decompose(part, compatibility, into);
        else into.Add(codePoint);
    }

    /// <summary>The character that two compose to, or -1.</summary>
    public static int Compose(int a, int b)
    {
        if (a is >= 0x1100 and < 0x1113 && b is >= 0x1161 and < 0x1176) return 0xAC00 + (a - 0x1100) * 588 + (b - 0x1161) * 28;
        if (a is >= 0xAC00 and <= 0xD7A3 && (a - 0xAC00) % 28 == 0 && b is > 0x11A7 and < 0x11C3) return a + b - 0x11A7;
        return Instance._compositions.GetValueOrDefault(Pair(a, b), -1);
    }

    /// <summary>Ranges of code points with the script each belongs to.</summary>
    public sealed class ScriptTable
    {
        private readonly List<int> _firsts = [];
        private readonly List<int> _lasts = [];
        private readonly List<int> _ranges = [];
        private readonly List<string> _names = [];

        internal void Add(int first, int last, string name)
        {
            _firsts.Add(first);
            _lasts.Add(last);
            var script = _names.IndexOf(name);
            if (script < 0)
            {
                script = _names.Count;
                _names.Add(name);
            }
            _ranges.Add(script);
        }

        /// <summary>The number of a script by its long name, or null.</summary>
        public int? Find(string name)
        {
            var at = _names.FindIndex(n => n.Equals(name, StringComparison.OrdinalIgnoreCase));
            return at < 0 ? null : at;
        }

        /// <summary>The number of the script that <paramref name="codePoint"/> belongs to, or -1.</summary>
        public int Of(int codePoint)
        {
            var at = _firsts.BinarySearch(codePoint);
            if (at < 0) at = ~at - 1;
            return at >= 0 && codePoint <= _lasts[at] ? _ranges[at] : -1;
        }
    }
}
