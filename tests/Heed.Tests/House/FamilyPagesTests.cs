using System.Text.RegularExpressions;
using Heed.Families;

namespace Heed.Tests.House;

/// <summary>What the pages about families say: docs/models.md lists every one, and the code in docs/adding-a-family.md is the code.</summary>
public partial class FamilyPagesTests
{
    [Fact]
    public void ModelsPage_Table_ListsEveryFamily()
    {
        var table = Page("models.md").Split('\n')
            .Where(l => l.StartsWith('|')).Select(l => l.Split('|')).Where(c => c.Length == 5).ToList();
        var known = FamilyRegistry.All.SelectMany(f => f.GgufArchitectures).ToHashSet();
        foreach (var family in FamilyRegistry.All)
        {
            var row = table.FirstOrDefault(c => Words(c[1]).Contains(family.ModelTypes[0]));
            Assert.True(row is not null, $"docs/models.md has no row for the family {family.ModelTypes[0]}");
            foreach (var word in Words(row[2]))
                Assert.True(word == "–" || known.Contains(word), $"docs/models.md promises the GGUF architecture {word}, which no family reads");
            foreach (var architecture in family.GgufArchitectures)
                Assert.True(Words(row[2]).Contains(architecture), $"docs/models.md does not name the GGUF architecture {architecture} beside {family.ModelTypes[0]}");
        }
    }

    [Fact]
    public void AddingAFamily_Excerpts_AreOfTheFileItself()
    {
        var page = Page("adding-a-family.md");
        var file = Trimmed(File.ReadAllText(Path.Combine(TestData.Root, "src", "Heed", "Transformer", "Families", "Olmo.cs")));
        var excerpts = Excerpt().Matches(page);
        Assert.Equal(2, excerpts.Count);
        foreach (var excerpt in excerpts.Select(e => Trimmed(e.Groups[1].Value)))
            Assert.True(file.Contains(excerpt), $"docs/adding-a-family.md shows what Olmo.cs does not say:\n{excerpt}");
    }

    private static string Page(string name) => File.ReadAllText(Path.Combine(TestData.Root, "docs", name)).ReplaceLineEndings("\n");

    private static string Trimmed(string code) => string.Join('\n', code.ReplaceLineEndings("\n").Trim().Split('\n').Select(l => l.Trim()));

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Excerpt();

    private static string[] Words(string cell) => cell.Split([',', ' ', '(', ')'], StringSplitOptions.RemoveEmptyEntries);
}
