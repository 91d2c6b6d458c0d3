using System.Numerics;
using Heed.Formats;
using Heed.Lens;
using Heed.Verification;

namespace Heed.Tests.Lens;

public class FactoredMatrixTests
{
    [SharedTheory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("qwen3")]
    [InlineData("gpt_neox")]
    [InlineData("gemma2")]
    public void Circuits_OfEveryHead_AreTheReferences(string family)
    {
        var folder = TestData.Shared($"golden/checkpoints/{family}");
        using var model = Models.Exact(folder);
        using var lens = SafetensorsFile.Open(Path.Combine(folder, "lens.safetensors"));
        foreach (var name in new[] { "ov", "qk" })
        {
            var expected = lens.Find(name)!;
            var values = TensorValues.Floats(expected);
            int L = (int)expected.Shape[0], H = (int)expected.Shape[1], D = (int)expected.Shape[2];
            Assert.Equal((model.Config.Layers.Count, model.Config.Layers[0].Heads, model.Config.Width), (L, H, D));
            for (var layer = 0; layer < L; layer++)
                for (var head = 0; head < H; head++)
                {
                    var circuit = name == "ov" ? FactoredMatrix.ValueOutput(model.Weights, layer, head) : FactoredMatrix.QueryKey(model.Weights, layer, head);
                    var actual = Array.ConvertAll(circuit.Multiply(), x => (float)x);
                    var at = (layer * H + head) * D * D;
                    Assert.True(Models.Difference(values.AsSpan(at, D * D), actual) < 1e-5, $"{name} of {layer}.{head}");
                }
        }
    }

    [Fact]
    public void Values_RandomFactors_AreThoseOfTheMultipliedMatrix()
    {
        var matrix = Random(9, 4, 9, 1);
        var full = matrix.Multiply();
        Assert.Equal(9 * 9 * 8, matrix.MultipliedBytes);
        Assert.Equal(Math.Sqrt(full.Sum(x => x * x)), matrix.Norm, 1e-12);
        Assert.Equal(Math.Sqrt(matrix.SingularValues.Sum(s => s * s)), matrix.Norm, 1e-12);
        Assert.Equal(Enumerable.Range(0, 9).Sum(i => full[i * 10]), matrix.Trace, 1e-12);
        Assert.Equal(0, (matrix.Eigenvalues.Aggregate(Complex.Zero, (a, b) => a + b) - matrix.Trace).Magnitude, 1e-12);
        Assert.Equal((4, 4), (matrix.SingularValues.Count, matrix.Eigenvalues.Count));
        double[] x = [.. Enumerable.Range(0, 9).Select(i => i - 3.5)];
        double[] left = matrix.LeftMultiply(x), right = matrix.RightMultiply(x);
        for (var i = 0; i < 9; i++)
        {
            Assert.Equal(Enumerable.Range(0, 9).Sum(r => x[r] * full[r * 9 + i]), left[i], 1e-12);
            Assert.Equal(Enumerable.Range(0, 9).Sum(c => x[c] * full[i * 9 + c]), right[i], 1e-12);
            for (var j = 0; j < 9; j++)
            {
                Assert.Equal(full[i * 9 + j], matrix[i, j], 1e-13);
                Assert.Equal(full[i * 9 + j], matrix.Row(i)[j], 1e-13);
                Assert.Equal(full[i * 9 + j], matrix.Column(j)[i], 1e-13);
                Assert.Equal(full[i * 9 + j], matrix.Transpose()[j, i], 1e-13);
                Assert.Equal(full[i * 9 + j], Enumerable.Range(0, 4).Sum(k => matrix.LeftSingularVector(k)[i] * matrix.SingularValues[k] * matrix.RightSingularVector(k)[j]), 1e-12);
            }
        }
    }

    [Fact]
    public void Times_AnotherFactoredMatrix_IsTheProduct()
    {
        FactoredMatrix a = Random(6, 2, 8, 2), b = Random(8, 3, 5, 3);
        var product = a.Times(b);
        Assert.Equal((6, 5, 2), (product.Rows, product.Columns, product.Inner));
        double[] fullA = a.Multiply(), fullB = b.Multiply(), full = product.Multiply();
        for (var i = 0; i < 6; i++)
            for (var j = 0; j < 5; j++)
                Assert.Equal(Enumerable.Range(0, 8).Sum(k => fullA[i * 8 + k] * fullB[k * 5 + j]), full[i * 5 + j], 1e-12);
    }

    [Fact]
    public void Misuse_SaysWhatFits()
    {
        var matrix = Random(6, 2, 8, 4);
        Assert.Contains("is not square", Assert.Throws<HeedException>(() => matrix.Trace).Message);
        Assert.Contains("is not square", Assert.Throws<HeedException>(() => matrix.Eigenvalues).Message);
        Assert.Contains("rows 0…5, not 6", Assert.Throws<HeedException>(() => matrix.Row(6)).Message);
        Assert.Contains("takes 6", Assert.Throws<HeedException>(() => matrix.LeftMultiply(new double[5])).Message);
        Assert.Contains("8 columns meet 6 rows", Assert.Throws<HeedException>(() => matrix.Times(matrix)).Message);
        Assert.Contains("singular vectors 0…1", Assert.Throws<HeedException>(() => matrix.LeftSingularVector(2)).Message);
        Assert.Contains("inner length is 3", Assert.Throws<HeedException>(() => new FactoredMatrix(new double[4], new double[3], 3)).Message);
    }

    private static FactoredMatrix Random(int rows, int inner, int columns, int seed)
        => new(LinearAlgebraTests.Random(rows, inner, seed).Values, LinearAlgebraTests.Random(inner, columns, seed + 50).Values, inner);
}
