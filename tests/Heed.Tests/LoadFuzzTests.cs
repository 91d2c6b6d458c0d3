namespace Heed.Tests;

/// <summary>Damaged checkpoints all the way: opened, their tokenizer read, a text encoded and run.</summary>
public class LoadFuzzTests
{
    [Fact]
    public void Load_MutatedGguf_OnlyHeedExceptions()
    {
        var original = File.ReadAllBytes(TestData.Own("gguf/llama.gguf"));
        // Most damage goes to the header, where it can mislead: the first part of the file.
        Run(original, seed => seed % 8 == 0 ? 0 : Math.Min(original.Length, 16 * 1024), (folder, bytes) => folder.Write("model.gguf", bytes));
    }

    [Fact]
    public void Load_MutatedSafetensors_OnlyHeedExceptions()
    {
        var original = File.ReadAllBytes(Path.Combine(Models.Stories, "model.safetensors"));
        Run(original, seed => seed % 8 == 0 ? 0 : 8 * 1024, (folder, bytes) =>
        {
            foreach (var file in new[] { "config.json", "tokenizer.json", "tokenizer_config.json" })
                if (!File.Exists(folder.File(file))) File.Copy(Path.Combine(Models.Stories, file), folder.File(file));
            folder.Write("model.safetensors", bytes);
            return folder.Path;
        });
    }

    private static void Run(byte[] original, Func<int, int> focus, Func<TemporaryFolder, byte[], string> write)
    {
        int loaded = 0, refused = 0;
        for (var seed = 1; seed <= (TestData.IsLong ? 5000 : 400); seed++)
        {
            using var folder = new TemporaryFolder();
            var place = write(folder, Mutator.Mutate(original, seed, focus(seed)));
            try
            {
                using var model = LanguageModel.Load(place, new() { Threads = 1 });
                var ids = model.Tokenizer.Encode("Once upon a time").Ids;
                model.Transformer.Forward(new SequenceRun { Tokens = ids.Length == 0 ? new[] { 1 } : ids });
                _ = model.ChatTemplate;
                loaded++;
            }
            catch (HeedException)
            {
                refused++;
            }
        }
        Assert.True(loaded > 10 && refused > 10, $"{loaded} loaded, {refused} refused: the damage is too little or too much to test anything");
    }
}
