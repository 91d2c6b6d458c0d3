using System.Text.Json;

namespace Heed.Tokenization.Models;

/// <summary>Reads the model section of a tokenizer.json.</summary>
internal static class ModelReader
{
    public static TokenModel Read(JsonField json)
    {
        // Files from before 2020 do not say the kind; what they have does.
        var kind = json.Find("type")?.Text
            ?? (json.Find("merges") is not null ? "BPE" : json.Find("unk_id") is not null ? "Unigram"
                : json.Find("continuing_subword_prefix") is not null ? "WordPiece" : "WordLevel");
        return kind switch
        {
            "BPE" => ReadBpe(json),
            "Unigram" => ReadUnigram(json),
            "WordPiece" => ReadWordPiece(json),
            "WordLevel" => new WordLevelModel(ReadVocabulary(json["vocab"]), json.TextOr("unk_token", "<unk>")),
            _ => throw json.UnknownKind("model", kind, "BPE, Unigram, WordPiece, WordLevel"),
        };
    }

    public static Vocabulary ReadVocabulary(JsonField json)
    {
        if (json.Value.ValueKind != JsonValueKind.Object) throw json.Wrong("an object of tokens and their ids");
        var count = json.Value.GetPropertyCount();
        var vocabulary = new Vocabulary(count);
        foreach (var property in json.Value.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Number || !property.Value.TryGetInt32(out var id))
                throw new HeedException($"{json.File}: {json.Path} gives the token \"{property.Name}\" the id {property.Value.GetRawText()}; a whole number is needed.");
            vocabulary.Add(property.Name, id, count);
        }
        return vocabulary;
    }

    private static BpeModel ReadBpe(JsonField json)
    {
        if (json.Find("dropout") is { } dropout && dropout.Number != 0)
            throw dropout.Wrong("null or 0 (with dropout, encoding is random)");
        var vocabulary = ReadVocabulary(json["vocab"]);
        var prefix = json.Find("continuing_subword_prefix")?.Text;
        var merges = json["merges"];
        if (merges.Value.ValueKind != JsonValueKind.Array) throw merges.Wrong("an array of merges");
        var table = new MergeTable(vocabulary, merges.Value.GetArrayLength(), prefix, json.File);
        foreach (var merge in merges.Value.EnumerateArray())
        {
            if (merge.ValueKind == JsonValueKind.String) table.Add(merge.GetString());
            else if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2
                && merge[0].ValueKind == JsonValueKind.String && merge[1].ValueKind == JsonValueKind.String)
                table.Add(merge[0].GetString(), merge[1].GetString());
            else throw new JsonField(merge, json.File, "model.merges").Wrong("a merge, \"a b\" or [\"a\", \"b\"],");
        }
        return new BpeModel(vocabulary, table.Merges, new BpeOptions
        {
            IgnoreMerges = json.TruthOr("ignore_merges", false),
            ByteFallback = json.TruthOr("byte_fallback", false),
            FuseUnknown = json.TruthOr("fuse_unk", false),
            Unknown = json.Find("unk_token")?.Text,
            ContinuingPrefix = prefix,
            EndSuffix = json.Find("end_of_word_suffix")?.Text,
        });
    }

    private static WordPieceModel ReadWordPiece(JsonField json)
    {
        var longest = json.WholeOr("max_input_chars_per_word", 100);
        return new WordPieceModel(ReadVocabulary(json["vocab"]), json.TextOr("unk_token", "[UNK]"), json.TextOr("continuing_subword_prefix", "##"), longest);
    }

    private static UnigramModel ReadUnigram(JsonField json)
    {
        var list = json["vocab"];
        if (list.Value.ValueKind != JsonValueKind.Array) throw list.Wrong("an array of [token, score]");
        var count = list.Value.GetArrayLength();
        var vocabulary = new Vocabulary(count);
        var scores = new double[count];
        var id = 0;
        foreach (var entry in list.Value.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Array || entry.GetArrayLength() != 2 || entry[0].ValueKind != JsonValueKind.String
                || entry[1].ValueKind != JsonValueKind.Number || !entry[1].TryGetDouble(out scores[id]) || !double.IsFinite(scores[id]))
                throw new JsonField(entry, json.File, $"model.vocab[{id}]").Wrong("[token, score]");
            vocabulary.Add(entry[0].GetString()!, id, count);
            id++;
        }
        int? unknown = json.Find("unk_id")?.Whole;
        if (unknown is < 0 || unknown >= count) throw json["unk_id"].Wrong($"an id below the vocabulary's size {count}");
        return new UnigramModel(vocabulary, scores, unknown, json.TruthOr("byte_fallback", false));
    }
}
