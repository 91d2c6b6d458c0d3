using Heed.Formats;
using Heed.Numerics;

namespace Heed.Tests.Formats;

public class GgufFileTests
{
    [Fact]
    public void Open_EmbeddedModel_ReadsMetadataAndTensors()
    {
        using var model = GgufFile.Open(TestData.EmbeddedModel);

        Assert.Equal(3, model.Version);
        Assert.Equal("llama", model.Metadata.GetString("general.architecture"));
        Assert.Equal(30, model.Metadata.GetInt("llama.block_count"));
        Assert.Equal(576, model.Metadata.GetInt("llama.embedding_length"));
        Assert.Equal(1e-5f, model.Metadata.GetFloat("llama.attention.layer_norm_rms_epsilon"));
        var tokens = model.Metadata.Strings("tokenizer.ggml.tokens");
        Assert.Equal(49152, tokens.Length);
        Assert.Equal("<|endoftext|>", tokens[0]);
        Assert.Equal(tokens.Length, model.Metadata.Ints("tokenizer.ggml.token_type").Length);

        Assert.Equal(272, model.Tensors.Count);
        var gate = model.Find("blk.0.ffn_gate.weight");
        Assert.NotNull(gate);
        Assert.Equal(ElementType.Q4_1, gate.Type);
        Assert.Equal([1536L, 576L], gate.Shape);
        Assert.Equal(1536L * 576 / 32 * 20, gate.ByteLength);
        Assert.Null(model.Find("blk.30.ffn_gate.weight"));
    }
}
