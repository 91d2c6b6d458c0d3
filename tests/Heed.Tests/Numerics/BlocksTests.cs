using Heed.Formats;

namespace Heed.Tests.Numerics;

/// <summary>Stored numbers decode to what ggml decodes, bit for bit.</summary>
public class BlocksTests
{
    public static TheoryData<string> QuantisedFiles =>
        ["F16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0"];

    [SharedTheory]
    [MemberData(nameof(QuantisedFiles))]
    public void Dequantize_EveryTensorOfAQuantisedModel_EqualsTheReferenceBitForBit(string name)
    {
        using var model = GgufFile.Open(TestData.Shared($"golden/gguf/quantised/{name}.gguf"));
        using var expected = SafetensorsFile.Open(TestData.Shared($"golden/gguf/quantised/{name}.safetensors"));
        var compared = 0;
        foreach (var reference in expected.Tensors.Where(t => t.Name.StartsWith("values/", StringComparison.Ordinal)))
        {
            var tensor = model.Find(reference.Name["values/".Length..]);
            Assert.NotNull(tensor);
            Assert.Equal(reference.ShapeText, tensor.ShapeText);
            AssertSameBits(reference.ToFloats(), tensor.ToFloats(), $"{name} {reference.Name} ({tensor.Type})");
            compared++;
        }
        Assert.NotEqual(0, compared);
    }

    private static void AssertSameBits(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
                Assert.Fail($"{what} number {i}: expected {expected[i]:R}, got {actual[i]:R}");
    }
}
