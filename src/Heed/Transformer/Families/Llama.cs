namespace Heed.Families;

/// <summary>
/// Llama 1 to 3 (arXiv:2302.13971) and everything saved as it: rotary positions, RMS norms before attention and MLP, a
/// gated MLP, shared key–value heads. In GGUF the architecture "llama" also holds Mistral and Mixtral.
/// </summary>
internal sealed class Llama : Family
{
    public override IReadOnlyList<string> ModelTypes => ["llama"];

    public override IReadOnlyList<string> GgufArchitectures => ["llama"];

    public override TransformerConfig ReadConfig(ConfigReader config)
    {
        var shape = new LlamaShape().Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context, shape.RotaryBase);
        config.Bool("attention_bias", false);
        config.Bool("mlp_bias", false);
        config.Bool("tie_word_embeddings", false);
        config.Require("rope_interleaved", false);
        return shape.Transformer("llama", shape.Repeat(shape.Layer(rotary, config.Activation("hidden_act", "silu"))), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, ConfigReader options, WeightReader tensors)
    {
        var attention = options.Bool("attention_bias", false) ? Bias.Required : Bias.None;
        var biases = new LlamaBiases(attention, attention, options.Bool("mlp_bias", false) ? Bias.Required : Bias.None,
            Tied: options.Bool("tie_word_embeddings", false));
        return new LlamaWeights(config, tensors, LlamaNames.HuggingFace(tensors.Root("embed_tokens.weight", "model.", "")), biases).Read();
    }

    public override TransformerConfig ReadConfig(GgufConfigReader config)
    {
        var shape = LlamaShape.Read(config);
        var (rotary, context) = RotaryReader.Read(config, shape.HeadSize!.Value, shape.Context);
        var layer = shape.Layer(rotary, Numerics.ActivationFunction.Silu);
        var experts = config.Int("expert_count", 0, min: 0);
        if (experts > 0)
        {
            var used = config.Int("expert_used_count");
            if (used > experts) throw config.Error("expert_used_count", used, $"is more than the {experts} experts");
            // llama.cpp computes softmax over all and normalises the chosen, which is Mixtral's softmax over the chosen.
            layer = layer with { Experts = new(experts, used, NormalizeWeights: true) };
        }
        else if (config.Int("expert_used_count", 0, min: 0) is > 0 and var used)
            throw config.Error("expert_used_count", used, "has no meaning without expert_count");
        if (config.Has("attention.scale"))
            layer = layer with { ScoreScale = (float)config.Float("attention.scale") };
        return shape.Transformer(experts > 0 ? "mixtral" : "llama", shape.Repeat(layer), context);
    }

    public override TransformerWeights ReadWeights(TransformerConfig config, GgufConfigReader options, WeightReader tensors)
        => new LlamaWeights(config, tensors, LlamaNames.Gguf with { IsPermuted = true }, LlamaBiases.FromFile).Read();
}
