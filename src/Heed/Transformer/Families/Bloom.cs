using Heed.Numerics;

namespace Heed.Families;

/// <summary>BLOOM (arXiv:2211.05100): positions by ALiBi, a LayerNorm of the embeddings, biases everywhere, queries, keys and values fused head by head.</summary>
internal sealed class Bloom : Family
{
    /// <summary>ALiBi has no limit of its own; this is the length the released models were trained on.</summary>
    private const int TrainedLength = 2048;

    public override IReadOnlyList<string> ModelTypes => ["bloom"];

    public override IReadOnlyList<string> GgufArchitectures => ["bloom"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        config.Alias("hidden_size", "n_embed");
        config.Alias("n_layer", "num_hidden_layers");
        config.Alias("n_head", "num_attention_heads");
        var (width, heads) = (config.Int("hidden_size", 64), config.Int("n_head", 8));
        if (width % heads != 0) throw config.Error("hidden_size", $"is not a multiple of n_head = {heads}");
        var shape = new ModelShape
        {
            Vocabulary = config.Int("vocab_size", 250_880),
            Width = width,
            Layers = config.Int("n_layer", 2, max: ConfigReader.MaximumLayers),
            Heads = heads,
            KeyValueHeads = heads,
            HeadSize = width / heads,
            FeedForward = GptShape.FourTimes(config, width),
            Context = Math.Max(config.OptionalInt("seq_length") ?? 0, TrainedLength),
            Epsilon = (float)config.Positive("layer_norm_epsilon", 1e-5),
        }.Checked(config.File);
        if (config.OptionalInt("n_inner") is { } inner && inner != shape.FeedForward)
            throw config.Error("n_inner", $"is not supported; the family has 4 × hidden_size = {shape.FeedForward}");
        // Fusions of the training code that the first files carry along; the class does not read them.
        config.Ignore("masked_softmax_fusion", "bias_dropout_fusion", "attention_softmax_in_fp32", "offset_alibi", "skip_bias_add", "skip_bias_add_qkv");
        config.Bool("tie_word_embeddings", true);
        return shape.Transformer("bloom", shape.Repeat(GptShape.Layer(shape, ActivationFunction.GeluTanh)), shape.Context, NormKind.Layer) with
        {
            HasAlibi = true,
            ResidualFromNorm = config.Bool("apply_residual_connection_post_layernorm", false),
        };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
    {
        var root = tensors.Root("word_embeddings.weight", "transformer.", "");
        return new LayoutReader(config, tensors, new()
        {
            Embedding = $"{root}word_embeddings.weight",
            EmbeddingNorm = $"{root}word_embeddings_layernorm",
            FinalNorm = $"{root}ln_f",
            Unembedding = "lm_head",
            Layer = $"{root}h.{{0}}.",
            AttentionNorm = "input_layernorm",
            FusedQueryKeyValue = "self_attention.query_key_value",
            IsFusedPerHead = true,
            Output = "self_attention.dense",
            MlpNorm = "post_attention_layernorm",
            Up = "mlp.dense_h_to_4h",
            Down = "mlp.dense_4h_to_h",
        }, GptShape.Biased with { Tied = options.Bool("tie_word_embeddings", true) }).Read();
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = ModelShape.Read(config, "attention.layer_norm_epsilon");
        // Converters write the width as the context where config.json has no seq_length.
        return shape.Transformer("bloom", shape.Repeat(GptShape.Layer(shape, ActivationFunction.GeluTanh)), Math.Max(shape.Context, TrainedLength), NormKind.Layer) with
        {
            HasAlibi = true,
        };
    }

    // GGUF's fused tensor holds all queries first.
    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LayoutReader(config, tensors, LayoutNames.Gguf with { EmbeddingNorm = "token_embd_norm" }, LayoutOptions.FromFile).Read();
}
