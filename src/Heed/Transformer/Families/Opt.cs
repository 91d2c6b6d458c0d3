namespace Heed.Families;

/// <summary>OPT (arXiv:2205.01068): learned positions counted from 2; LayerNorms before the sublayers, or (350M) after the residual sum, with embeddings of another width.</summary>
internal sealed class Opt : Family
{
    private const int PositionOffset = 2;

    public override IReadOnlyList<string> ModelTypes => ["opt"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        config.Ignore("output_projection"); // of the first 350M file; the class does not read it
        config.Require("num_key_value_heads", config.Int("num_attention_heads", 12));
        var (width, heads) = (config.Int("hidden_size", 768), config.Int("num_attention_heads", 12));
        if (width % heads != 0) throw config.Error("hidden_size", $"is not a multiple of num_attention_heads = {heads}");
        var shape = new ModelShape
        {
            Vocabulary = config.Int("vocab_size", 50_272),
            Width = width,
            Layers = config.Int("num_hidden_layers", 12, max: ConfigReader.MaximumLayers),
            Heads = heads,
            KeyValueHeads = heads,
            HeadSize = width / heads,
            FeedForward = config.Int("ffn_dim", 3072),
            Context = config.Int("max_position_embeddings", 2048, max: int.MaxValue - PositionOffset),
            Epsilon = 1e-5f, // the class has no key for it
        }.Checked(config.File);
        config.OptionalInt("word_embed_proj_dim");
        config.Bool("do_layer_norm_before", true);
        config.Bool("_remove_final_layer_norm", false);
        config.Bool("enable_bias", true);
        config.Bool("layer_norm_elementwise_affine", true);
        config.Bool("tie_word_embeddings", true);
        var layer = GptShape.Layer(shape, config.Activation("activation_function", "relu"));
        return shape.Transformer("opt", shape.Repeat(layer), shape.Context, NormKind.Layer) with { LearnedPositionOffset = PositionOffset };
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
    {
        var root = tensors.Root("embed_tokens.weight", "model.decoder.", "decoder.", "");
        var before = options.Bool("do_layer_norm_before", true);
        var bias = options.Bias("enable_bias", true);
        return new LayoutReader(config, tensors, new()
        {
            Embedding = $"{root}embed_tokens.weight",
            Positions = $"{root}embed_positions.weight",
            ProjectIn = $"{root}project_in",
            ProjectOut = $"{root}project_out",
            FinalNorm = before && !options.Bool("_remove_final_layer_norm", false) ? $"{root}final_layer_norm" : null,
            Unembedding = "lm_head",
            Layer = $"{root}layers.{{0}}.",
            AttentionNorm = before ? "self_attn_layer_norm" : null,
            AttentionResidualNorm = before ? null : "self_attn_layer_norm",
            Query = "self_attn.q_proj",
            Key = "self_attn.k_proj",
            Value = "self_attn.v_proj",
            Output = "self_attn.out_proj",
            MlpNorm = before ? "final_layer_norm" : null,
            MlpResidualNorm = before ? null : "final_layer_norm",
            Up = "fc1",
            Down = "fc2",
        }, new()
        {
            QueryKeyValue = bias,
            Output = bias,
            Mlp = bias,
            Norm = Bias.Required,
            NormIsPlain = !options.Bool("layer_norm_elementwise_affine", true),
            Tied = options.Bool("tie_word_embeddings", true),
            EmbeddingWidth = options.OptionalInt("word_embed_proj_dim") ?? config.Width,
            PositionRows = config.ContextLength + PositionOffset,
        }).Read();
    }
}
