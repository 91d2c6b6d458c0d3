namespace Heed.Tokenization;

/// <summary>Adds tokens around the text's own, or corrects their places.</summary>
internal abstract class PostProcessor
{
    public abstract Encoding Apply(Encoding encoding, bool addSpecialTokens);

    /// <summary>How many tokens it adds.</summary>
    public virtual int AddedCount => 0;

    protected static Encoding Surround(IReadOnlyList<(int Id, string Token)> before, Encoding encoding, IReadOnlyList<(int Id, string Token)> after)
    {
        if (before.Count + after.Count == 0) return encoding;
        (int, int)[] Zero(int count) => new (int, int)[count];
        bool[] True(int count) => [.. Enumerable.Repeat(true, count)];
        return new Encoding
        {
            Ids = [.. before.Select(t => t.Id), .. encoding.Ids, .. after.Select(t => t.Id)],
            Tokens = [.. before.Select(t => t.Token), .. encoding.Tokens, .. after.Select(t => t.Token)],
            Offsets = [.. Zero(before.Count), .. encoding.Offsets, .. Zero(after.Count)],
            IsAdded = [.. True(before.Count), .. encoding.IsAdded, .. True(after.Count)],
        };
    }
}

internal sealed class SequencePostProcessor(IReadOnlyList<PostProcessor> parts) : PostProcessor
{
    public override int AddedCount => parts.Sum(p => p.AddedCount);

    public override Encoding Apply(Encoding encoding, bool addSpecialTokens)
    {
        foreach (var part in parts) encoding = part.Apply(encoding, addSpecialTokens);
        return encoding;
    }
}

/// <summary>Special tokens before and behind the text, as a template says.</summary>
internal sealed class TemplatePostProcessor(IReadOnlyList<(int Id, string Token)> before, IReadOnlyList<(int Id, string Token)> after) : PostProcessor
{
    public override int AddedCount => before.Count + after.Count;

    public override Encoding Apply(Encoding encoding, bool addSpecialTokens) => addSpecialTokens ? Surround(before, encoding, after) : encoding;
}

/// <summary>Takes the white space that byte-level tokens include out of their places.</summary>
internal sealed class ByteLevelPostProcessor(bool addPrefixSpace, bool trimOffsets) : PostProcessor
{
    public override Encoding Apply(Encoding encoding, bool addSpecialTokens)
    {
        if (trimOffsets) Trim(encoding, addPrefixSpace);
        return encoding;
    }

    public static void Trim(Encoding encoding, bool addPrefixSpace)
    {
        for (var i = 0; i < encoding.Count; i++)
        {
            var token = encoding.Tokens[i];
            int leading = 0, trailing = 0;
            while (leading < token.Length && IsSpace(token[leading])) leading++;
            while (trailing < token.Length && IsSpace(token[^(trailing + 1)])) trailing++;
            var (start, end) = encoding.Offsets[i];
            if (leading > 0)
            {
                // One space at the very beginning was added, and is not in the text.
                if (!((i == 0 || start == 0) && addPrefixSpace && leading == 1)) start = Math.Min(start + leading, end);
            }
            if (trailing > 0 && end >= trailing) end = Math.Max(end - trailing, start);
            encoding.Offsets[i] = (start, end);
        }
    }

    private static bool IsSpace(char c) => c == 'Ġ' || char.IsWhiteSpace(c);
}

/// <summary>RoBERTa's: trims places, then sets the text between its two tokens.</summary>
internal sealed class RobertaPostProcessor((int Id, string Token) before, (int Id, string Token) after, bool addPrefixSpace, bool trimOffsets) : PostProcessor
{
    public override int AddedCount => 2;

    public override Encoding Apply(Encoding encoding, bool addSpecialTokens)
    {
        if (trimOffsets) ByteLevelPostProcessor.Trim(encoding, addPrefixSpace);
        return addSpecialTokens ? Surround([before], encoding, [after]) : encoding;
    }
}
