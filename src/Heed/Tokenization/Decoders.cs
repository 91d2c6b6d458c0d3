using System.Text;
using Heed.Tokenization.Expressions;

namespace Heed.Tokenization;

/// <summary>
/// A step of decoding: opens a stream that tokens' texts are pushed through. Decoding a whole list and decoding token by
/// token are the same streams, so they cannot differ.
/// </summary>
internal abstract class DecoderStep
{
    /// <summary>True if what comes out is one text in fragments, whatever went in; the steps behind see a single token.</summary>
    public abstract bool Fuses { get; }

    /// <summary>The stream of this step in front of <paramref name="next"/>.</summary>
    /// <param name="next">Where the results go.</param>
    /// <param name="fused">What comes in is one token, in fragments.</param>
    public abstract DecoderStream Open(DecoderStream next, bool fused);

    /// <summary>The bytes of a token that this step writes as bytes; null: it is text, as the other steps have it.</summary>
    public virtual byte[]? BytesOf(string token) => null;
}

/// <summary>Takes tokens' texts one by one and passes on what is certain.</summary>
internal abstract class DecoderStream
{
    public abstract void Push(string token);

    /// <summary>No more will come: what was held back is passed on.</summary>
    public abstract void End();
}

/// <summary>The end of the chain: collects text.</summary>
internal sealed class DecoderSink : DecoderStream
{
    private readonly StringBuilder _text = new();

    public override void Push(string token) => _text.Append(token);

    public override void End() { }

    public string Take()
    {
        if (_text.Length == 0) return "";
        var text = _text.ToString();
        _text.Clear();
        return text;
    }
}

/// <summary>Maps each token by itself; the first is told apart.</summary>
internal sealed class MappingStep(Func<string, bool, string?> map, bool fragmentsToo = false) : DecoderStep
{
    public override bool Fuses => false;

    public override DecoderStream Open(DecoderStream next, bool fused)
        => fused && !fragmentsToo ? new WholeTextStream(next, text => map(text, true) ?? "") : new Stream(next, map, fused);

    private sealed class Stream(DecoderStream next, Func<string, bool, string?> map, bool fused) : DecoderStream
    {
        private bool _started;

        public override void Push(string token)
        {
            if (map(token, !_started || fused) is { } text) next.Push(text);
            _started = true;
        }

        public override void End() => next.End();
    }
}

/// <summary>Waits for everything; for steps whose result on one text cannot be told before its end.</summary>
internal sealed class WholeTextStream(DecoderStream next, Func<string, string> map) : DecoderStream
{
    private readonly StringBuilder _text = new();

    public override void Push(string token) => _text.Append(token);

    public override void End()
    {
        next.Push(map(_text.ToString()));
        next.End();
    }
}

/// <summary>Makes one text of all tokens.</summary>
internal sealed class FuseStep : DecoderStep
{
    public override bool Fuses => true;

    public override DecoderStream Open(DecoderStream next, bool fused) => next;
}

/// <summary>Without a decoder, tokens are joined by spaces.</summary>
internal sealed class JoinWithSpacesStep : DecoderStep
{
    public override bool Fuses => true;

    public override DecoderStream Open(DecoderStream next, bool fused) => new Stream(next);

    private sealed class Stream(DecoderStream next) : DecoderStream
    {
        private bool _started;

        public override void Push(string token)
        {
            next.Push(_started ? " " + token : token);
            _started = true;
        }

        public override void End() => next.End();
    }
}

/// <summary>Byte characters back to bytes, and bytes to text; what is no UTF-8 becomes U+FFFD.</summary>
internal sealed class ByteLevelStep : DecoderStep
{
    public override bool Fuses => true;

    public override DecoderStream Open(DecoderStream next, bool fused)
    {
        var stream = new Stream(next);
        return fused ? new WholeTextStream(stream, text => text) : stream;
    }

    public override byte[]? BytesOf(string token)
    {
        var bytes = new byte[token.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            if (ByteCharacters.ByteOf(token[i]) is not (>= 0 and var b)) return null;
            bytes[i] = (byte)b;
        }
        return bytes;
    }

    private sealed class Stream(DecoderStream next) : DecoderStream
    {
        private readonly Decoder _decoder = System.Text.Encoding.UTF8.GetDecoder();
        private byte[] _bytes = new byte[64];
        private char[] _characters = new char[64];

        public override void Push(string token)
        {
            if (_bytes.Length < token.Length) _bytes = new byte[token.Length * 2];
            var count = 0;
            foreach (var c in token)
            {
                var b = ByteCharacters.ByteOf(c);
                if (b < 0)
                {
                    // Not written in byte characters (an added token): it stands for itself.
                    Emit(System.Text.Encoding.UTF8.GetBytes(token), flush: false);
                    return;
                }
                _bytes[count++] = (byte)b;
            }
            Emit(_bytes.AsSpan(0, count), flush: false);
        }

        public override void End()
        {
            Emit([], flush: true);
            next.End();
        }

        private void Emit(ReadOnlySpan<byte> bytes, bool flush)
        {
            if (_characters.Length < bytes.Length + 4) _characters = new char[bytes.Length * 2 + 4];
            var count = _decoder.GetChars(bytes, _characters, flush);
            if (count > 0) next.Push(new string(_characters, 0, count));
        }
    }
}

/// <summary>
/// Runs of byte tokens (&lt;0xE4&gt;) to text; a run that is no UTF-8 becomes one U+FFFD per byte. Whether it is shows only
/// at its end, so a run is held back until something else comes.
/// </summary>
internal sealed class ByteFallbackStep : DecoderStep
{
    public override bool Fuses => false;

    public override DecoderStream Open(DecoderStream next, bool fused)
    {
        var stream = new Stream(next);
        return fused ? new WholeTextStream(stream, text => text) : stream;
    }

    public override byte[]? BytesOf(string token) => ByteOf(token) is >= 0 and var b ? [(byte)b] : null;

    private static int ByteOf(string token)
        => token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && char.IsAsciiHexDigit(token[3]) && char.IsAsciiHexDigit(token[4])
            ? Convert.FromHexString(token.AsSpan(3, 2))[0] : -1;

    private sealed class Stream(DecoderStream next) : DecoderStream
    {
        private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);
        private readonly List<byte> _run = [];

        public override void Push(string token)
        {
            if (ByteOf(token) is >= 0 and var b)
            {
                _run.Add((byte)b);
                return;
            }
            EndRun();
            next.Push(token);
        }

        public override void End()
        {
            EndRun();
            next.End();
        }

        private void EndRun()
        {
            if (_run.Count == 0) return;
            var bytes = _run.ToArray();
            _run.Clear();
            if (System.Text.Unicode.Utf8.IsValid(bytes)) next.Push(s_strict.GetString(bytes));
            else
                foreach (var _ in bytes) next.Push("\uFFFD");
        }
    }
}

/// <summary>Removes up to so many of one character at a token's ends.</summary>
internal sealed class StripStep(int content, int start, int stop) : DecoderStep
{
    public override bool Fuses => false;

    public override DecoderStream Open(DecoderStream next, bool fused)
    {
        if (!fused) return new MappingStep((token, _) => Strip(token)).Open(next, fused: false);
        return stop > 0 ? new WholeTextStream(next, Strip) : new Stream(next, content, start);
    }

    private string Strip(string token)
    {
        var first = 0;
        var last = token.Length;
        for (var i = 0; i < start && first < last && CodePoints.At(token, first, out var units) == content; i++) first += units;
        for (var i = 0; i < stop && last > first && CodePoints.Before(token, last, out var units) == content; i++) last -= units;
        return token[first..last];
    }

    /// <summary>The start of one text in fragments.</summary>
    private sealed class Stream(DecoderStream next, int content, int left) : DecoderStream
    {
        private int _left = left;

        public override void Push(string token)
        {
            var first = 0;
            while (_left > 0 && first < token.Length)
            {
                if (CodePoints.At(token, first, out var units) != content)
                {
                    _left = 0;
                    break;
                }
                first += units;
                _left--;
            }
            if (first < token.Length) next.Push(token[first..]);
        }

        public override void End() => next.End();
    }
}

/// <summary>Original BPE: the suffix that ends words becomes a space, but not at the very end.</summary>
internal sealed class EndOfWordStep(string suffix) : DecoderStep
{
    public override bool Fuses => false;

    public override DecoderStream Open(DecoderStream next, bool fused)
        => fused ? new WholeTextStream(next, text => Replace(text, "")) : new Stream(next, this);

    private string Replace(string token, string by) => suffix.Length == 0 ? token : token.Replace(suffix, by, StringComparison.Ordinal);

    private sealed class Stream(DecoderStream next, EndOfWordStep step) : DecoderStream
    {
        private string? _held;

        public override void Push(string token)
        {
            if (_held is not null) next.Push(step.Replace(_held, " "));
            _held = token;
        }

        public override void End()
        {
            if (_held is not null) next.Push(step.Replace(_held, ""));
            _held = null;
            next.End();
        }
    }
}

/// <summary>Speech models': repeated tokens count once, the padding token vanishes, the delimiter becomes a space.</summary>
internal sealed class CtcStep(string pad, string delimiter, bool cleanUp) : DecoderStep
{
    public override bool Fuses => false;

    public override DecoderStream Open(DecoderStream next, bool fused)
        => fused ? new WholeTextStream(next, Map) : new Stream(next, this);

    private string Map(string token)
    {
        var text = pad.Length == 0 ? token : token.Replace(pad, "", StringComparison.Ordinal);
        if (!cleanUp) return text;
        text = DecoderSteps.CleanUp(text);
        return delimiter.Length == 0 ? text : text.Replace(delimiter, " ", StringComparison.Ordinal);
    }

    private sealed class Stream(DecoderStream next, CtcStep step) : DecoderStream
    {
        private string? _last;

        public override void Push(string token)
        {
            if (token == _last) return;
            _last = token;
            var text = step.Map(token);
            if (text.Length > 0) next.Push(text);
        }

        public override void End() => next.End();
    }
}

/// <summary>The steps that map tokens one by one, and the chain of all.</summary>
internal static class DecoderSteps
{
    /// <summary>The chain of <paramref name="steps"/> in front of <paramref name="sink"/>.</summary>
    public static DecoderStream Open(IReadOnlyList<DecoderStep> steps, DecoderSink sink)
    {
        var fused = new bool[steps.Count + 1];
        for (var i = 0; i < steps.Count; i++) fused[i + 1] = fused[i] || steps[i].Fuses;
        DecoderStream stream = sink;
        for (var i = steps.Count - 1; i >= 0; i--) stream = steps[i].Open(stream, fused[i]);
        return stream;
    }

    /// <summary>▁ back to spaces; in the first token they vanish.</summary>
    public static DecoderStep Metaspace(string replacement, bool dropFirst)
        => new MappingStep((token, first) => token.Replace(replacement, first && dropFirst ? "" : " ", StringComparison.Ordinal), fragmentsToo: replacement.Length == 1);

    /// <summary>Words are set apart by spaces, continuations lose their ##.</summary>
    public static DecoderStep WordPiece(string prefix, bool cleanUp) => new MappingStep((token, first) =>
    {
        var text = first ? token : token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
        return cleanUp ? CleanUp(text) : text;
    });

    /// <summary>Replaces a text in every token.</summary>
    public static DecoderStep Replace(string pattern, string content)
        => pattern.Length == 0 ? Replace(new Expression(""), content)
            : new MappingStep((token, _) => token.Replace(pattern, content, StringComparison.Ordinal), fragmentsToo: pattern.Length == 1);

    /// <summary>Replaces what an expression matches in every token.</summary>
    public static DecoderStep Replace(ISplitter pattern, string content) => new MappingStep((token, _) =>
    {
        var matches = new List<(int Start, int End)>();
        pattern.FindMatches(token, matches);
        var text = new StringBuilder();
        var at = 0;
        foreach (var (start, end) in matches)
        {
            text.Append(token, at, start - at).Append(content);
            at = end;
        }
        return text.Append(token, at, token.Length - at).ToString();
    });

    /// <summary>Removes the spaces that English has before punctuation in tokenised text.</summary>
    public static string CleanUp(string text) => !text.Contains(' ') ? text : text
        .Replace(" .", ".", StringComparison.Ordinal).Replace(" ?", "?", StringComparison.Ordinal)
        .Replace(" !", "!", StringComparison.Ordinal).Replace(" ,", ",", StringComparison.Ordinal)
        .Replace(" ' ", "'", StringComparison.Ordinal).Replace(" n't", "n't", StringComparison.Ordinal)
        .Replace(" 'm", "'m", StringComparison.Ordinal).Replace(" do not", " don't", StringComparison.Ordinal)
        .Replace(" 's", "'s", StringComparison.Ordinal).Replace(" 've", "'ve", StringComparison.Ordinal)
        .Replace(" 're", "'re", StringComparison.Ordinal);
}
