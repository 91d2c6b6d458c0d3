using System.Globalization;
using System.Text.Json;
using Heed.Formats;
using Heed.Numerics;

namespace Heed.Families;

/// <summary>
/// Typed access to config.json that remembers what was read, so that <see cref="Finish"/> can refuse what was not:
/// an option that nobody read is an option that would have been ignored.
/// </summary>
/// <remarks>
/// A key that is missing means the default of the family's class, which the family passes; null means Python's None,
/// which only the <c>Optional…</c> accessors accept.
/// </remarks>
internal sealed class ConfigReader
{
    /// <summary>No real model comes near this many layers; a config that claims more is damaged.</summary>
    public const int MaximumLayers = 10_000;

    private readonly JsonElement _object;
    private readonly string _path;
    private readonly HashSet<string> _read = [];
    private readonly OrderedDictionary<string, string> _assumed = [];
    private readonly Dictionary<string, string> _aliases = [];
    private readonly Dictionary<string, ConfigReader> _nested = [];

    private ConfigReader(string file, string path, JsonElement element)
    {
        File = file;
        _path = path;
        _object = element;
    }

    /// <summary>The file, for messages.</summary>
    public string File { get; }

    /// <summary>Reads the file. Anything wrong with it is a <see cref="HeedException"/>.</summary>
    public static ConfigReader Open(string file)
    {
        const long MaximumBytes = 16 << 20;
        using var document = JsonFile.Open(file, MaximumBytes);
        return new(file, "", document.RootElement.Clone());
    }

    /// <summary>Reads the content of a config.json; <paramref name="file"/> is what messages call it.</summary>
    public static ConfigReader Parse(string file, ReadOnlyMemory<byte> utf8)
    {
        using var document = JsonFile.Parse(utf8, file);
        return new(file, "", document.RootElement.Clone());
    }

    /// <summary>Other spellings of a key; used where the key itself is missing, and refused where they contradict it.</summary>
    public void Alias(string key, params ReadOnlySpan<string> others)
    {
        foreach (var other in others)
        {
            if (!_object.TryGetProperty(other, out var second)) continue;
            if (!_object.TryGetProperty(Spelling(key), out var first)) _aliases[key] = other;
            else if (!JsonElement.DeepEquals(first, second)) throw Error(other, $"contradicts {Spelling(key)} = {Shown(first)}");
            _read.Add(other);
        }
    }

    /// <summary>True if the key is there and not null. Does not count as reading it.</summary>
    public bool Has(string key) => _object.TryGetProperty(Spelling(key), out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>True if the key is there, null or not. Does not count as reading it.</summary>
    public bool IsGiven(string key) => _object.TryGetProperty(Spelling(key), out _);

    /// <summary>Whole numbers and switches that are missing, and what the family takes for them, in the order in which it asked.</summary>
    public IEnumerable<(string Key, string Value)> Assumed => _assumed.Select(a => (_path + a.Key, a.Value)).Concat(_nested.Values.SelectMany(n => n.Assumed));

    /// <summary>A whole number between <paramref name="min"/> and <paramref name="max"/>; an error if missing and there is no default.</summary>
    public int Int(string key, int? fallback = null, int min = 1, int max = int.MaxValue)
        => Find(key) is { } value ? ToInt(key, NotNull(key, value, "a whole number"), min, max)
            : Assume(key, fallback ?? throw Missing(key));

    /// <summary>A whole number or null; missing means <paramref name="fallback"/>.</summary>
    public int? OptionalInt(string key, int? fallback = null, int min = 1, int max = int.MaxValue)
        => Find(key) is not { } value ? fallback : value.ValueKind == JsonValueKind.Null ? null : ToInt(key, value, min, max);

    /// <summary>A finite number; an error if missing and there is no default.</summary>
    public double Float(string key, double? fallback = null)
        => Find(key) is { } value ? ToDouble(key, NotNull(key, value, "a number")) : fallback ?? throw Missing(key);

    /// <summary>A finite number or null; missing means <paramref name="fallback"/>.</summary>
    public double? OptionalFloat(string key, double? fallback = null)
        => Find(key) is not { } value ? fallback : value.ValueKind == JsonValueKind.Null ? null : ToDouble(key, value);

    /// <summary>A finite number above zero.</summary>
    public double Positive(string key, double? fallback = null)
    {
        var value = Float(key, fallback);
        return value > 0 ? value : throw Error(key, "must be greater than 0");
    }

    /// <summary>True or false.</summary>
    public bool Bool(string key, bool fallback)
        => Find(key) is not { } value ? Assume(key, fallback) : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Error(key, "must be true or false"),
        };

    /// <summary>True, false or null.</summary>
    public bool? OptionalBool(string key, bool? fallback = null)
        => Find(key) is not { } value ? fallback : value.ValueKind == JsonValueKind.Null ? null : Bool(key, false);

    /// <summary>A text or null; missing means <paramref name="fallback"/>.</summary>
    public string? OptionalString(string key, string? fallback = null)
        => Find(key) is not { } value ? fallback : value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            _ => throw Error(key, "must be a text"),
        };

    /// <summary>A list of texts, or null where missing or null.</summary>
    public IReadOnlyList<string>? Strings(string key)
        => Items(key)?.ConvertAll(v => v.ValueKind == JsonValueKind.String ? v.GetString()! : throw Error(key, "must be a list of texts"));

    /// <summary>A list of whole numbers, or null where missing or null.</summary>
    public IReadOnlyList<int>? Ints(string key, int min = int.MinValue) => Items(key)?.ConvertAll(v => ToInt(key, v, min, int.MaxValue));

    /// <summary>A list of finite numbers, or null where missing or null.</summary>
    public IReadOnlyList<double>? Floats(string key) => Items(key)?.ConvertAll(v => ToDouble(key, v));

    /// <summary>The raw value, or null where missing; counts as reading it.</summary>
    public JsonElement? Raw(string key) => Find(key);

    /// <summary>A nested object, or null where missing or null. What is left unread in it is refused as well.</summary>
    public ConfigReader? Object(string key)
    {
        if (Find(key) is not { ValueKind: not JsonValueKind.Null } value) return null;
        if (value.ValueKind != JsonValueKind.Object) throw Error(key, "must be an object");
        if (!_nested.TryGetValue(key, out var nested))
            _nested[key] = nested = new(File, $"{_path}{key}.", value);
        return nested;
    }

    /// <summary>The activation function of that name in transformers' table.</summary>
    public ActivationFunction Activation(string key, string fallback)
        => OptionalString(key, fallback) switch
        {
            "gelu" or "gelu_python" => ActivationFunction.Gelu,
            // Four spellings of the same formula; they differ in rounding only.
            "gelu_new" or "gelu_pytorch_tanh" or "gelu_python_tanh" or "gelu_fast" or "gelu_accurate" => ActivationFunction.GeluTanh,
            "quick_gelu" => ActivationFunction.QuickGelu,
            "relu" => ActivationFunction.Relu,
            "relu2" => ActivationFunction.SquaredRelu,
            "silu" or "swish" => ActivationFunction.Silu,
            "sigmoid" => ActivationFunction.Sigmoid,
            "tanh" => ActivationFunction.Tanh,
            _ => throw Error(key, "is not an activation function that Heed knows (gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, quick_gelu, relu, relu2, silu, swish, sigmoid, tanh)"),
        };

    /// <summary>Whether a linear map has a bias.</summary>
    public Bias Bias(string key, bool fallback) => Bool(key, fallback) ? Families.Bias.Required : Families.Bias.None;

    /// <summary>A mixture of experts from the keys of its two numbers.</summary>
    public ExpertsConfig Experts(string countKey, int count, string usedKey, int used, bool normalize)
    {
        // A matrix per expert and layer: more than this no file has, and lists of them would cost memory before that shows.
        var experts = Int(countKey, count, max: 100_000);
        var each = Int(usedKey, used);
        return each <= experts ? new(experts, each, normalize) : throw Error(usedKey, $"is more than the {experts} experts");
    }

    /// <summary>Refuses every value of the key but <paramref name="supported"/>, which is also what a missing key means. Null counts as false.</summary>
    public void Require(string key, bool supported)
    {
        if ((OptionalBool(key, supported) ?? false) != supported)
            throw Error(key, $"is not supported; only {(supported ? "true" : "false")} is");
    }

    /// <summary>Refuses every value of the key but <paramref name="supported"/>, which is also what a missing key means.</summary>
    public void Require(string key, double supported)
    {
        if (OptionalFloat(key, supported) != supported)
            throw Error(key, $"is not supported; only {supported.ToString(CultureInfo.InvariantCulture)} is");
    }

    /// <summary>Refuses every value of the key but <paramref name="supported"/>, which is also what a missing key means.</summary>
    public void Require(string key, string supported)
    {
        if (OptionalString(key, supported) != supported)
            throw Error(key, $"is not supported; only \"{supported}\" is");
    }

    /// <summary>Refuses every value of the key but null and empty lists or objects.</summary>
    public void RequireNone(string key)
    {
        var empty = Find(key) is not { } value || value.ValueKind switch
        {
            JsonValueKind.Null => true,
            JsonValueKind.Array => value.GetArrayLength() == 0,
            JsonValueKind.Object => !value.EnumerateObject().Any(),
            _ => false,
        };
        if (!empty) throw Error(key, "is not supported; only null is");
    }

    /// <summary>Marks keys as read that do not change the family's results.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys) _read.Add(key);
    }

    /// <summary>Refuses whatever was not read and is not known to leave the results alone.</summary>
    public void Finish()
    {
        foreach (var property in _object.EnumerateObject())
        {
            var key = property.Name;
            if (_read.Contains(key) || property.Value.ValueKind == JsonValueKind.Null || (_path.Length == 0 && NeutralKeys.Contains(key)))
                continue;
            if (key == "quantization_config")
                throw Error(key, "describes weights quantised in a format that Heed does not read; use the unquantised checkpoint or a GGUF file");
            throw Error(key, "is an option that this family does not have in Heed, and it might change the result. Remove it if it does not");
        }
        foreach (var nested in _nested.Values)
            nested.Finish();
    }

    /// <summary>An error about a key: names the file, the key and its value.</summary>
    public HeedException Error(string key, string problem)
    {
        var value = _object.TryGetProperty(Spelling(key), out var found) ? Shown(found) : "not given";
        return new($"{File}: {_path}{Spelling(key)} = {value} {problem}.");
    }

    private HeedException Missing(string key) => new($"{File}: {_path}{key} is missing; this family cannot do without it.");

    private string Spelling(string key) => _aliases.GetValueOrDefault(key, key);

    private JsonElement? Find(string key)
    {
        var spelling = Spelling(key);
        _read.Add(spelling);
        return _object.TryGetProperty(spelling, out var value) ? value : null;
    }

    private int Assume(string key, int value)
    {
        _assumed.TryAdd(key, value.ToString("N0", CultureInfo.InvariantCulture));
        return value;
    }

    private bool Assume(string key, bool value)
    {
        _assumed.TryAdd(key, value ? "true" : "false");
        return value;
    }

    private JsonElement NotNull(string key, JsonElement value, string wanted)
        => value.ValueKind != JsonValueKind.Null ? value : throw Error(key, $"must be {wanted}");

    private int ToInt(string key, JsonElement value, int min, int max)
    {
        // Whole numbers may be written 48.0.
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number) || number != Math.Floor(number))
            throw Error(key, "must be a whole number");
        return number >= min && number <= max ? (int)number
            : throw Error(key, max == int.MaxValue ? $"must be a whole number of at least {min} and below 2^31" : $"must be between {min} and {max}");
    }

    private double ToDouble(string key, JsonElement value)
        => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && float.IsFinite((float)number)
            ? number : throw Error(key, "must be a finite number");

    private List<JsonElement>? Items(string key)
    {
        if (Find(key) is not { ValueKind: not JsonValueKind.Null } value) return null;
        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Error(key, "must be a list");
    }

    private static string Shown(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 80 ? text : text[..80] + "…";
    }

    /// <summary>Top-level keys that do not change what the network computes: training, generation, book-keeping.</summary>
    private static readonly HashSet<string> NeutralKeys =
    [
        // dropout: off in inference, under every name
        "attention_dropout", "attn_dropout", "attn_pdrop", "classifier_dropout", "dropout", "embd_pdrop", "embed_dropout", "embedding_dropout",
        "embedding_pdrop", "hidden_dropout", "hidden_dropout_prob", "layerdrop", "mlp_dropout", "resid_dropout", "resid_pdrop",
        "residual_dropout", "activation_dropout", "summary_first_dropout", "attention_probs_dropout_prob",
        // how fresh weights are drawn, how training is done
        "initializer_range", "init_std", "initializer_factor", "output_router_logits", "router_aux_loss_coef", "router_jitter_noise",
        "gradient_checkpointing", "use_bfloat16", "tie_encoder_decoder", "pretraining_tp", "slow_but_exact",
        // where the file comes from and who reads it
        "_name_or_path", "_commit_hash", "transformers_version", "architectures", "auto_map", "torch_dtype", "dtype", "model_type", "name_or_path",
        "torchscript", "return_dict", "use_return_dict", "is_decoder", "chunk_size_feed_forward", "tf_legacy_loss", "output_attentions", "output_hidden_states", "attn_implementation", "_attn_implementation",
        "_attn_implementation_autoset", "_attn_implementation_internal", "_flash_attn_2_enabled", "use_cache", "transformers.js_config",
        "unsloth_fixed", "unsloth_version", "is_llama_config", "tokenizer_class", "task_specific_params", "problem_type", "finetuning_task",
        "license", "prefix", "cache_implementation",
        // special tokens, labels and heads for other tasks
        "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "cls_token_id", "mask_token_id", "unk_token_id", "decoder_start_token_id",
        "forced_bos_token_id", "forced_eos_token_id", "suppress_tokens", "begin_suppress_tokens", "id2label", "label2id", "num_labels", "_num_labels",
        "summary_activation", "summary_proj_to_labels", "summary_type", "summary_use_proj",
        // generation defaults that old versions kept here
        "max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty", "temperature", "top_k",
        "top_p", "typical_p", "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids",
        "num_return_sequences", "output_scores", "return_dict_in_generate", "remove_invalid_values", "exponential_decay_length_penalty",
    ];
}
