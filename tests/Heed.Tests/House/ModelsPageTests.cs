using Heed.Families;

namespace Heed.Tests.House;

/// <summary>docs/models.md says what runs: every family, by the names files know it under.</summary>
public class ModelsPageTests
{
    [Fact]
    public void ModelsPage_Table_ListsEveryFamily()
    {
        var table = File.ReadAllLines(Path.Combine(TestData.Root, "docs", "models.md"))
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

    private static string[] Words(string cell) => cell.Split([',', ' ', '(', ')'], StringSplitOptions.RemoveEmptyEntries);
}
