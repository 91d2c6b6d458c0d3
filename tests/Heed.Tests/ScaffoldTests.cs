namespace Heed.Tests;

public class ScaffoldTests
{
    [Fact]
    public void EmbeddedModel_InEveryClone_IsThere() => Assert.True(File.Exists(TestData.EmbeddedModel));
}
