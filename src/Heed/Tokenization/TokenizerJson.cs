using System.Text.Json;
using Heed.Tokenization.Models;

namespace Heed.Tokenization;

/// <summary>Reads a tokenizer.json: Hugging Face's description of a whole tokenizer.</summary>
internal static class TokenizerJson
{
    public static TokenizerParts Read(JsonElement root, string file)
    {
        var json = new JsonField(root, file, "");
        if (json.Find("version") is { } version && version.Text != "1.0") throw version.Wrong("the version \"1.0\"");
        if (json.Find("model") is null) throw new HeedException($"{file}: model is missing; a tokenizer.json describes the whole tokenizer.");
        var model = ModelReader.Read(json["model"]);
        return new TokenizerParts
        {
            Model = model,
            AddedTokens = ReadAddedTokens(json, model.Vocabulary),
            Normalizer = json.Find("normalizer") is { } normalizer ? StepReader.Normalizer(normalizer) : null,
            PreTokenizer = json.Find("pre_tokenizer") is { } pre ? StepReader.PreTokenizer(pre) : null,
            PostProcessor = json.Find("post_processor") is { } post ? StepReader.PostProcessor(post) : null,
            Decoder = json.Find("decoder") is { } decoder ? StepReader.Decoder(decoder) : [new JoinWithSpacesStep()],
            Truncation = json.Find("truncation") is { } truncation ? ReadTruncation(truncation) : null,
            Padding = json.Find("padding") is { } padding ? ReadPadding(padding) : null,
        };
    }

    /// <summary>
    /// Added tokens. One that the model's vocabulary has keeps the vocabulary's id, as with Hugging Face; of several
    /// entries for one text the last counts.
    /// </summary>
    private static List<AddedToken> ReadAddedTokens(JsonField json, Vocabulary vocabulary)
    {
        if (json.Find("added_tokens") is not { } list) return [];
        var tokens = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        foreach (var item in list.Items())
        {
            var content = item["content"].Text;
            var id = item["id"].Whole;
            var inModel = vocabulary.Id(content);
            if (inModel >= 0) id = inModel;
            if (id < 0 || id > 16L * vocabulary.Count + 1_000_000) throw item["id"].Wrong($"an id that fits the vocabulary of {vocabulary.Count} tokens");
            tokens[content] = new AddedToken(id, content, item.TruthOr("single_word", false), item.TruthOr("lstrip", false),
                item.TruthOr("rstrip", false), item.TruthOr("normalized", true), item.TruthOr("special", false));
        }
        return [.. tokens.Values];
    }

    private static Truncation ReadTruncation(JsonField json)
    {
        var length = json["max_length"];
        if (length.Whole < 0) throw length.Wrong("a length");
        var direction = json.TextOr("direction", "Right");
        if (direction is not ("Left" or "Right")) throw json["direction"].Wrong("\"Left\" or \"Right\"");
        return new Truncation(length.Whole, direction == "Left");
    }

    private static Padding ReadPadding(JsonField json)
    {
        var fixedLength = 0;
        if (json.Find("strategy") is { } strategy && strategy.Value.ValueKind == JsonValueKind.Object) fixedLength = strategy["Fixed"].Whole;
        else if (json.TextOr("strategy", "BatchLongest") != "BatchLongest") throw json["strategy"].Wrong("\"BatchLongest\" or {\"Fixed\": length}");
        if (fixedLength is < 0 or > Padding.Longest) throw json["strategy"].Wrong($"a length of at most {Padding.Longest}");
        var multiple = json.WholeOr("pad_to_multiple_of", 0);
        if (multiple is < 0 or > Padding.Longest) throw json["pad_to_multiple_of"].Wrong($"a number of at most {Padding.Longest}");
        return new Padding(fixedLength, multiple, json.TextOr("direction", "Right") == "Left", json.WholeOr("pad_id", 0), json.TextOr("pad_token", "[PAD]"));
    }
}
