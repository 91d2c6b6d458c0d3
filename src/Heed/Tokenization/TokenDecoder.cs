namespace Heed.Tokenization;

/// <summary>
/// Decodes token by token, for streaming. The texts it returns, joined, are what <see cref="Tokenizer.Decode"/> returns for
/// all tokens at once; no part of a character is ever returned, bytes wait for the rest of theirs.
/// </summary>
public sealed class TokenDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;
    private DecoderSink _sink;
    private DecoderStream _stream;

    internal TokenDecoder(Tokenizer tokenizer, bool skipSpecialTokens)
    {
        _tokenizer = tokenizer;
        _skipSpecialTokens = skipSpecialTokens;
        _sink = new DecoderSink();
        _stream = DecoderSteps.Open(tokenizer.DecoderSteps, _sink);
    }

    /// <summary>Takes one token and returns the text that is now certain; often empty.</summary>
    /// <param name="id">The token's id; one that the vocabulary lacks is passed over.</param>
    public string Add(int id)
    {
        AddQuietly(id);
        return _sink.Take();
    }

    /// <summary>Ends the text: returns what was held back (incomplete characters as U+FFFD) and begins anew.</summary>
    public string Flush()
    {
        _stream.End();
        var text = _sink.Take();
        _sink = new DecoderSink();
        _stream = DecoderSteps.Open(_tokenizer.DecoderSteps, _sink);
        return text;
    }

    internal void AddQuietly(int id)
    {
        if (_tokenizer.DecodedText(id, _skipSpecialTokens) is { } token) _stream.Push(token);
    }
}
