using System.Diagnostics;
using System.Text;
using Heed.Families;
using Heed.Tests.Transformer.Reference;

namespace Heed.Tests.Transformer;

/// <summary>Damaged config.json of every family: a configuration, or a HeedException, quickly and without much memory.</summary>
public class FamilyFuzzTests
{
    private const int InputsPerConfiguration = 700;

    [Fact]
    public void ReadConfig_MutatedConfigurations_OnlyHeedExceptions()
    {
        var originals = new List<byte[]>();
        foreach (var cases in FamilyCases.All.GroupBy(c => c.Family))
            foreach (var (family, options) in cases.OrderByDescending(c => c.Options.Length).Take(2))
                originals.Add(Encoding.UTF8.GetBytes($"{{\"model_type\":\"{family}\",\"architectures\":[\"XForCausalLM\"],{options}}}"));
        Assert.True(originals.Count * InputsPerConfiguration > 20_000);
        var (opened, longest) = (0, TimeSpan.Zero);
        for (var i = 0; i < originals.Count * InputsPerConfiguration; i++)
        {
            var bytes = Mutator.Mutate(originals[i % originals.Count], i, text: true);
            var watch = Stopwatch.StartNew();
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var (_, config) = CheckpointLoader.ReadConfig(ConfigReader.Parse("config.json", bytes));
                foreach (var rotary in config.Layers.Take(2).Select(l => l.Rotary).OfType<RotaryConfig>().Where(r => r.Dimensions < 1000))
                    rotary.Scaling.Frequencies(rotary, 100);
                opened++;
            }
            catch (HeedException) { }
            catch (Exception e)
            {
                Assert.Fail($"{e.GetType().Name}: {e.Message}\n{Encoding.UTF8.GetString(bytes)}\n{e.StackTrace}");
            }
            if (watch.Elapsed > longest) longest = watch.Elapsed;
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 32 << 20, Encoding.UTF8.GetString(bytes));
        }
        Assert.True(longest < TimeSpan.FromSeconds(2), $"the slowest took {longest}");
        Assert.True(opened > 500, $"only {opened} were still configurations");
    }
}
