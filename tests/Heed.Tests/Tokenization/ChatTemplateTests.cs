using Heed.Tokenization;

namespace Heed.Tests.Tokenization;

public class ChatTemplateTests
{
    [Fact]
    public void Verification_OfRecordedRenderings_IsEqual() => AssertAllEqual(TestData.Own("chat_templates/expected.json"), 48);

    [SharedFact]
    public void Verification_OfSharedRenderings_IsEqual() => AssertAllEqual(TestData.Shared("golden/chat_templates/expected.json"), 48);

    private static void AssertAllEqual(string path, int atLeast)
    {
        var all = TemplateVerification.Run(path).ToList();
        Assert.True(all.Count >= atLeast, $"{all.Count} comparisons");
        Assert.Equal("", string.Join("\n", all.Where(one => !one.Equal).Select(one => $"{one.Template} {one.Conversation}: {one.Message}")));
    }
}
