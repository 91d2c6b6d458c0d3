using System.CommandLine;
using System.Globalization;

namespace Heed.Cli.Commands;

/// <summary>Every field of <see cref="GenerationOptions"/> as an option of the command line.</summary>
internal sealed class GenerationArguments(int? maxTokens)
{
    private static readonly GenerationOptions s_defaults = new();

    private readonly Option<int?> _maxTokens = new("--max-tokens", "-n") { Description = $"New tokens at most; -1: until the model ends. Default: {(maxTokens is { } n ? n : "until the model ends")}.", HelpName = "N" };
    private readonly Option<float> _temperature = Number("--temperature", "0: always the most likely token; 1: as the model says; more: bolder.", s_defaults.Temperature);
    private readonly Option<int> _topK = new("--top-k") { Description = "Draw only from the K most likely tokens; 0: all.", HelpName = "K" };
    private readonly Option<float> _topP = Number("--top-p", "Draw only from the most likely tokens that together reach P.", s_defaults.TopP);
    private readonly Option<float> _minP = Number("--min-p", "Draw only from tokens at least P times as likely as the first.", s_defaults.MinP);
    private readonly Option<float> _repetition = Number("--repetition-penalty", "Divides logits of tokens that the text has; 1: none.", s_defaults.RepetitionPenalty);
    private readonly Option<float> _frequency = Number("--frequency-penalty", "Taken from a token's logit for each time it was generated.", 0);
    private readonly Option<float> _presence = Number("--presence-penalty", "Taken from a token's logit if it was generated at all.", 0);
    private readonly Option<string[]> _bias = new("--logit-bias") { Description = "Added to a token's logit; -inf forbids it. May be repeated.", HelpName = "ID=VALUE" };
    private readonly Option<ulong?> _seed = new("--seed") { Description = "Where the random numbers start: the same seed, the same text. Default: 0.", HelpName = "N" };
    private readonly Option<string[]> _stop = new("--stop") { Description = "End before this text appears. May be repeated.", HelpName = "TEXT" };
    private readonly Option<int[]> _stopTokens = new("--stop-token") { Description = "End at this token. May be repeated.", HelpName = "ID" };
    private readonly Option<bool> _ignoreEnd = new("--ignore-end") { Description = "Go on past the model's own end." };
    private readonly Option<bool> _slide = new("--slide") { Description = "When the context is full, forget the oldest half instead of failing." };
    private readonly Option<bool> _exact = new("--exact") { Description = "Keep activations as float32 in products with quantised weights (slower, exact)." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _maxTokens, _temperature, _topK, _topP, _minP, _repetition, _frequency, _presence, _bias, _seed, _stop, _stopTokens, _ignoreEnd, _slide, _exact })
            command.Options.Add(option);
    }

    /// <summary>Float32 activations, or the everyday 8 bits.</summary>
    public ActivationPrecision Precision(ParseResult parsed) => parsed.GetValue(_exact) ? ActivationPrecision.Float32 : ActivationPrecision.Int8;

    /// <summary>The options as the library takes them, checked.</summary>
    public GenerationOptions Read(ParseResult parsed, TransformerConfig config, int alternatives = 0)
    {
        var options = Read(parsed, alternatives);
        try
        {
            options.Validate(config.VocabularySize);
        }
        catch (HeedException e)
        {
            throw new UsageException(e.Message);
        }
        return options;
    }

    private GenerationOptions Read(ParseResult parsed, int alternatives) => new()
    {
        MaxTokens = (parsed.GetValue(_maxTokens) ?? maxTokens) is { } most && most != -1 ? most : null,
        Temperature = parsed.GetValue(_temperature),
        TopK = parsed.GetValue(_topK),
        TopP = parsed.GetValue(_topP),
        MinP = parsed.GetValue(_minP),
        RepetitionPenalty = parsed.GetValue(_repetition),
        FrequencyPenalty = parsed.GetValue(_frequency),
        PresencePenalty = parsed.GetValue(_presence),
        LogitBias = Biases(parsed.GetValue(_bias) ?? []),
        Seed = parsed.GetValue(_seed) ?? s_defaults.Seed,
        Stop = parsed.GetValue(_stop) ?? [],
        StopTokens = parsed.GetValue(_stopTokens) ?? [],
        IgnoreEnd = parsed.GetValue(_ignoreEnd),
        SlidingContext = parsed.GetValue(_slide),
        Alternatives = alternatives,
    };

    private static Option<float> Number(string name, string description, float value)
        => new(name)
        {
            Description = description,
            DefaultValueFactory = _ => value,
            HelpName = "X",
            CustomParser = result =>
            {
                if (float.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) return number;
                result.AddError($"{name} is '{result.Tokens[0].Value}'; it must be a number.");
                return value;
            },
        };

    private static Dictionary<int, float> Biases(string[] items)
    {
        var biases = new Dictionary<int, float>();
        foreach (var item in items)
        {
            var at = item.IndexOf('=');
            if (at < 1 || !int.TryParse(item[..at], NumberStyles.Integer, CultureInfo.InvariantCulture, out var id) || ParseBias(item[(at + 1)..]) is not { } bias)
                throw new UsageException($"--logit-bias is '{item}'; write ID=VALUE, for example 260=-5 or 260=-inf.");
            biases[id] = bias;
        }
        return biases;
    }

    private static float? ParseBias(string text)
        => text is "-inf" ? float.NegativeInfinity : float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
}
