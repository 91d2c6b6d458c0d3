using Heed.Numerics;
using Heed.Tokenization;

namespace Heed;

/// <summary>Continues one sequence token by token: the loop of pass, choice, text.</summary>
internal sealed unsafe class Generator
{
    /// <summary>Prompt tokens per pass: between passes a cancellation is noticed.</summary>
    private const int PromptPart = 512;

    /// <summary>Known tokens per pass: each has a row of logits.</summary>
    private const int KnownPart = 32;

    private readonly Transformer _model;
    private readonly Tokenizer _tokenizer;
    private readonly GenerationOptions _options;
    private readonly Sampler _sampler;
    private readonly TokenDecoder _decoder;
    private readonly StopText _stops;
    private readonly KeyValueCache _cache;
    private readonly SequenceRun _run;
    private readonly int[] _next = new int[1];
    private readonly int[] _prompt;
    private readonly int[] _begin;
    private readonly int _known;
    private int _generated;
    private int _row;

    /// <summary>A generator that continues <paramref name="prompt"/>, of which the cache may already hold the beginning.</summary>
    public Generator(Transformer model, Tokenizer tokenizer, int[] prompt, GenerationOptions options, KeyValueCache? cache = null)
    {
        _model = model;
        _tokenizer = tokenizer;
        _options = options;
        _sampler = new(options, model.Config.VocabularySize);
        _decoder = tokenizer.CreateDecoder();
        _stops = new(options.Stop);
        _cache = cache ?? new(model.Config);
        _run = new() { Cache = _cache, Trace = options.Trace, Edits = options.Edits, IsOpenEnded = true };
        _prompt = prompt;
        _begin = [.. options.Begin];
        // Of what is known all is read but what ends the text, as of what is chosen; where a text may end it, nothing is read ahead.
        var end = Array.FindIndex(_begin, token => StopOf(token) is not null);
        _known = options.Stop.Count > 0 ? 0 : Math.Min(end < 0 ? _begin.Length : end, (options.MaxTokens ?? int.MaxValue) - 1);
        _sampler.AddPrompt(prompt);

        // The cache keeps what it shares with the prompt (nothing, where the whole is to be seen or changed); the last prompt token always runs, for its logits.
        var shared = options.Trace is not null || options.Edits.Count > 0 ? 0 : _cache.Tokens.CommonPrefixLength(prompt);
        _cache.Truncate(Math.Min(shared, Math.Max(0, prompt.Length - 1)));
    }

    /// <summary>The next token; null after the last one.</summary>
    /// <exception cref="ContextFullException">The context is full, and <see cref="GenerationOptions.SlidingContext"/> is off.</exception>
    public GeneratedToken? Next(CancellationToken cancellation)
    {
        if (_options.MaxTokens is { } most && _generated >= most) return null;
        cancellation.ThrowIfCancellationRequested();
        var logits = Logits(cancellation);
        var token = _generated < _begin.Length ? _sampler.Known(_begin[_generated]) : _sampler.Next(logits);
        _next[0] = token;
        _generated++;

        var stop = StopOf(token);
        var text = stop is null ? _stops.Add(_decoder.Add(token)) : "";
        if (stop is null && _options.MaxTokens == _generated) stop = StopReason.MaxTokens;
        if (stop is not null) text += _stops.Add(_decoder.Flush()) + (_stops.IsStopped ? "" : _stops.Flush());
        if (_stops.IsStopped) stop = StopReason.StopText;
        return new(token, text, LogProbability(logits, token), Alternatives(logits), stop);
    }

    /// <summary>Why a token ends the text; null if it does not.</summary>
    private StopReason? StopOf(int token) => _options.StopTokens.Contains(token) ? StopReason.StopToken
        : !_options.IgnoreEnd && _tokenizer.EndIds.Contains(token) ? StopReason.EndToken : null;

    /// <summary>What the model holds of the token to come. Of tokens that are known, several are read in one pass.</summary>
    private ReadOnlySpan<float> Logits(CancellationToken cancellation)
    {
        if (++_row < _run.RowCount) return _run.LogitsOf(_row);
        _row = 0;
        var known = Math.Min(Math.Min(KnownPart, _known - _generated + 1), _model.Config.ContextLength - _cache.Length);
        var isKnown = _generated > 0 && known > 1;
        _run.Rows = isKnown ? LogitRows.All : LogitRows.Last;
        Read(_generated == 0 ? _prompt.AsMemory(_cache.Length) : isKnown ? _begin.AsMemory(_generated - 1, known) : _next, cancellation);
        return _run.LogitsOf(0);
    }

    /// <summary>Runs new tokens through the model.</summary>
    private void Read(ReadOnlyMemory<int> tokens, CancellationToken cancellation)
    {
        if (_cache.Length + tokens.Length > _model.Config.ContextLength && _options.SlidingContext)
            tokens = Slide(tokens);
        do
        {
            cancellation.ThrowIfCancellationRequested();
            var part = Math.Min(PromptPart, tokens.Length);
            _run.Tokens = tokens[..part];
            _model.Forward(_run);
            tokens = tokens[part..];
        }
        while (tokens.Length > 0);
    }

    /// <summary>Forgets the oldest: the first token and the newest half of a context are read again.</summary>
    private int[] Slide(ReadOnlyMemory<int> tokens)
    {
        int[] all = [.. _cache.Tokens, .. tokens.Span];
        _cache.Truncate(0);
        return [all[0], .. all[^Math.Max(1, _model.Config.ContextLength / 2 - 1)..]];
    }

    private static double LogProbability(ReadOnlySpan<float> logits, int token)
    {
        fixed (float* p = logits) return logits[token] - VectorMath.LogSumExp(p, logits.Length);
    }

    private TokenAlternative[] Alternatives(ReadOnlySpan<float> logits)
    {
        if (_options.Alternatives == 0) return [];
        double total;
        fixed (float* p = logits) total = VectorMath.LogSumExp(p, logits.Length);
        return [.. TopTokens.Of(logits, _options.Alternatives).Select(t => new TokenAlternative(t.Id, _tokenizer.Decode([t.Id]), t.Logit - total))];
    }
}

/// <summary>The largest logits.</summary>
internal static class TopTokens
{
    /// <summary>The <paramref name="count"/> largest, largest first; equal ones by id.</summary>
    public static (int Id, float Logit)[] Of(ReadOnlySpan<float> logits, int count)
    {
        count = Math.Min(count, logits.Length);
        var queue = new PriorityQueue<int, (float, int)>(count + 1);
        for (var i = 0; i < logits.Length; i++)
        {
            if (queue.Count < count) queue.Enqueue(i, (logits[i], -i));
            else if (count > 0 && queue.TryPeek(out var least, out _) && logits[i] > logits[least]) queue.EnqueueDequeue(i, (logits[i], -i));
        }
        var top = new (int, float)[queue.Count];
        for (var i = top.Length - 1; i >= 0; i--)
        {
            var id = queue.Dequeue();
            top[i] = (id, logits[id]);
        }
        return top;
    }
}
