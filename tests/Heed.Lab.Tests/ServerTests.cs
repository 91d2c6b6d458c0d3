using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Heed.Lab.Tests;

/// <summary>The server as a program sees it, without a browser.</summary>
[Collection("lab")]
public sealed class ServerTests(LabFixture lab)
{
    private static readonly string[] s_figures = ["board", "grid", "lines", "story", "sum", "next", "products", "why", "tokens", "embeddings", "strips", "mlp", "stream", "spectrum", "lens", "sampling"];

    public static TheoryData<string> Figures => [.. s_figures];

    [Fact]
    public async Task Tokens_AreTheTokenizers()
    {
        var tokens = await PostAsync("/api/tokens", new { text = "a fluffy blue creature" });
        var expected = lab.Model.Tokenizer.Encode("a fluffy blue creature");
        Assert.Equal(expected.Ids, tokens.EnumerateArray().Select(t => t.GetProperty("id").GetInt32()));
        Assert.Equal("a fluffy blue creature", string.Concat(tokens.EnumerateArray().Select(t => t.GetProperty("text").GetString())));
    }

    [Fact]
    public async Task Next_GivesTrueProbabilities_AlsoOfAFew()
    {
        var run = new SequenceRun { Tokens = lab.Model.Tokenizer.Encode("The capital of France is").Ids, Trace = Tracing.Trace.Of("hook_embed") };
        lab.Model.Transformer.Forward(run);
        var logits = run.LastLogits.ToArray();
        var sum = logits.Sum(x => Math.Exp(x - logits.Max()));
        var answer = await PostAsync("/api/next", new { text = "The capital of France is", search = "paris", top = 3 });
        Assert.Equal(lab.Model.Config.VocabularySize, answer.GetProperty("vocabulary").GetInt32());
        Assert.True(answer.GetProperty("found").GetInt32() >= 3);
        foreach (var token in answer.GetProperty("tokens").EnumerateArray())
        {
            var id = token.GetProperty("id").GetInt32();
            Assert.Equal(Math.Exp(logits[id] - logits.Max()) / sum, token.GetProperty("probability").GetDouble(), 1e-6);
            Assert.Equal(1 + logits.Count(x => x > logits[id]), token.GetProperty("rank").GetInt32());
        }
    }

    [Fact]
    public async Task Next_TokenByToken_IsWhatTheModelGenerates()
    {
        // As traces are computed: with what is quantised in the fast way, two tokens of about the same probability may change places.
        using var exact = LanguageModel.Load(Heed.Tests.TestData.EmbeddedModel, new() { Threads = 2, Precision = Numerics.ActivationPrecision.Float32 });
        foreach (var text in new[] { "The capital of France is", "السلام عليكم يا", "👩‍👩‍👧 I ❤️" })
        {
            var generated = exact.Generate(text, new() { MaxTokens = 6, Alternatives = 10 }).ToArray();
            for (var i = 0; i < generated.Length; i++)
            {
                var after = generated.Take(i).Select(g => g.Id).ToArray();
                var answer = await PostAsync("/api/next", new { text, after, top = 10 });
                var tokens = answer.GetProperty("tokens").EnumerateArray().ToArray();
                Assert.Equal(generated[i].Alternatives.Select(a => a.Id), tokens.Select(t => t.GetProperty("id").GetInt32()));
                for (var j = 0; j < tokens.Length; j++) Assert.Equal(Math.Exp(generated[i].Alternatives[j].LogProbability), tokens[j].GetProperty("probability").GetDouble(), 1e-5);
                if (i == 0) continue;
                Assert.Equal(after, answer.GetProperty("after").GetProperty("tokens").EnumerateArray().Select(t => t.GetProperty("id").GetInt32()));
                Assert.Equal(text + lab.Model.Tokenizer.Decode(after), answer.GetProperty("after").GetProperty("text").GetString());
            }
        }
    }

    [Fact]
    public async Task After_IsRunByTokens_NotByTheTextTheyMake()
    {
        // "the" in three letters: no text is cut so.
        int[] letters = [.. "the".Select(c => lab.Model.Tokenizer.Encode(c.ToString()).Ids.Single())];
        int[] tokens = [.. lab.Model.Tokenizer.Encode("they crashed").Ids, .. letters];
        var answer = await PostAsync("/api/next", new { text = "they crashed", after = letters, top = 1, token = 42 });
        var after = answer.GetProperty("after");
        Assert.Equal("they crashedthe", after.GetProperty("text").GetString());
        Assert.False(after.GetProperty("isSame").GetBoolean());
        var run = new SequenceRun { Tokens = tokens, Trace = Tracing.Trace.Of("blocks.10.attn.hook_pattern") };
        lab.Model.Transformer.Forward(run);
        // One that was asked for is given whatever its rank.
        var asked = answer.GetProperty("tokens").EnumerateArray().Last();
        Assert.Equal(42, asked.GetProperty("id").GetInt32());
        Assert.Equal(Math.Exp(-LanguageModel.TokenLoss(run.LastLogits, 42)), asked.GetProperty("probability").GetDouble(), 1e-6);
        var grid = await PostAsync("/api/figures/grid", new { text = "they crashed", after = letters, layer = 10, head = 1 });
        var shown = System.Xml.Linq.XDocument.Parse(grid.GetProperty("steps")[0].GetProperty("svg").GetString()!).Descendants()
            .Single(e => (string?)e.Attribute("data-key") == "L10.H1.q4.k1" && e.Attribute("data-value") is not null).Attribute("data-value")!.Value;
        Assert.Equal(run.Trace!["blocks.10.attn.hook_pattern"][1, 4, 1], float.Parse(shown, System.Globalization.CultureInfo.InvariantCulture), 1e-5f);
    }

    [Theory, MemberData(nameof(Figures))]
    public async Task Figure_OfEveryKind_IsWellFormed_AndNeedsNoStyleOfItsOwn(string figure)
    {
        foreach (var text in new[] { "they crashed the car", "x", "السلام عليكم يا صديقي", "👩‍👩‍👧 <b>&amp; \" '", string.Join(' ', Enumerable.Repeat("word", 200)) })
        {
            var answer = await PostAsync($"/api/figures/{figure}", new { text, layer = 10, head = 1 });
            Assert.NotEmpty(answer.GetProperty("steps").EnumerateArray());
            foreach (var step in answer.GetProperty("steps").EnumerateArray())
            {
                var svg = System.Xml.Linq.XDocument.Parse(step.GetProperty("svg").GetString()!);
                Assert.DoesNotContain(svg.Descendants(), e => e.Name.LocalName is "style" or "script" or "foreignObject" or "a");
                Assert.DoesNotContain(System.Xml.Linq.Extensions.Attributes(svg.Descendants()), a => a.Name.LocalName is "style" or "href" || a.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
            }
            Assert.StartsWith("heed ", answer.GetProperty("command").GetString());
        }
    }

    [Fact]
    public async Task Strips_OfEveryVectorOfAModel_AreTheTraces()
    {
        const string Text = "they crashed the car";
        var trace = lab.Model.Trace(Text);
        var vectors = (await lab.Http.GetFromJsonAsync<JsonElement>("/api/models"))[0].GetProperty("vectors").EnumerateArray().ToArray();
        string[] expected = ["hook_resid_pre", "attn.hook_q", "attn.hook_k", "attn.hook_v", "attn.hook_rot_q", "attn.hook_z", "attn.hook_result", "hook_attn_out", "hook_resid_mid", "mlp.hook_post", "hook_mlp_out", "hook_resid_post"];
        Assert.All(expected, name => Assert.Contains(vectors, v => v.GetProperty("name").GetString() == name && v.GetProperty("words").GetString()!.Length > 0));
        foreach (var vector in vectors)
        {
            var name = vector.GetProperty("name").GetString()!;
            var values = trace[$"blocks.10.{name}"];
            var isPerHead = vector.GetProperty("isPerHead").GetBoolean();
            Assert.Equal(values.Axes.Any(a => a is "head" or "kv_head"), isPerHead);
            foreach (var allHeads in isPerHead ? new[] { false, true } : [false])
            {
                var answer = await PostAsync("/api/figures/strips", new { text = Text, activation = name, layer = 10, head = 7, allHeads });
                var rows = System.Xml.Linq.XDocument.Parse(answer.GetProperty("steps")[0].GetProperty("svg").GetString()!).Descendants()
                    .Where(e => e.Attribute("data-value") is not null || e.Attribute("data-values") is not null).ToArray();
                // Nine heads share three keys and values: head 7 has the third.
                var heads = values.Axes[1] == "kv_head" ? 3 : 9;
                int[] chosen = !isPerHead ? [0] : allHeads ? [.. Enumerable.Range(0, heads)] : [7 / (9 / heads)];
                Assert.Equal(4 * chosen.Length, rows.Length);
                for (var i = 0; i < rows.Length; i++)
                {
                    var row = isPerHead ? values.Row(i / chosen.Length, chosen[i % chosen.Length]) : values.Row(i);
                    Visit.AssertClose(row[..Math.Min(96, row.Length)], ((string?)rows[i].Attribute("data-values") ?? (string?)rows[i].Attribute("data-value"))!);
                }
                Assert.Equal($"heed trace --names blocks.10.{name}{(isPerHead && !allHeads ? " --heads 7" : "")} --svg strips.svg 'they crashed the car'", answer.GetProperty("command").GetString());
            }
        }
    }

    [Theory]
    [InlineData("/api/figures/grid", """{"text":""}""", "empty")]
    [InlineData("/api/figures/grid", """{"text":"a","layer":30}""", "layers 0 to 29")]
    [InlineData("/api/figures/grid", """{"text":"a","head":-1}""", "heads 0 to 8")]
    [InlineData("/api/figures/story", """{"text":"a b","query":2}""", "tokens 0 to 1")]
    [InlineData("/api/figures/products", """{"text":"a b","query":0,"key":1}""", "later")]
    [InlineData("/api/figures/strips", """{"text":"a","activation":"attn.hook_p"}""", "layer 0 has hook_resid_pre,")]
    [InlineData("/api/figures/strips", """{"text":"a","activation":"attn.hook_pattern"}""", "scores of queries and keys")]
    [InlineData("/api/figures/strips", """{"text":"a","layer":30}""", "layers 0 to 29")]
    [InlineData("/api/figures/strips", """{"text":"a","head":9}""", "heads 0 to 8")]
    [InlineData("/api/figures/next", """{"text":"a","top":51}""", "1 to 50")]
    [InlineData("/api/figures/loss", """{"text":"x"}""", "needs two")]
    [InlineData("/api/figures/sampling", """{"text":"a b","topP":0}""", "TopP is 0")]
    [InlineData("/api/figures/words", """{"words":"king +"}""", "ends without a word")]
    [InlineData("/api/figures/words", """{"words":" "}""", "words is empty")]
    [InlineData("/api/figures/movement", """{"texts":["a mole"],"word":"mole"}""", "between 2 and 6")]
    [InlineData("/api/figures/movement", """{"texts":["a mole","a cat"],"word":"mole"}""", "does not have the word")]
    [InlineData("/api/figures/tally", """{"known":"gpt5"}""", "no known model")]
    [InlineData("/api/figures/grid", """{"text":"a b","width":-5}""", "100 to 4000 pixels")]
    [InlineData("/api/figures/context", """{"width":1e9}""", "100 to 4000 pixels")]
    [InlineData("/api/figures/tally", """{"known":"own","modelWidth":100,"heads":3}""", "multiple")]
    [InlineData("/api/figures/context", """{"context":0}""", "from 1 to")]
    [InlineData("/api/next", """{"text":"a","top":0}""", "1 to 1,000")]
    [InlineData("/api/next", """{"text":"a","after":[1,49152]}""", "0 to 49151")]
    [InlineData("/api/next", """{"text":"a","after":[-1]}""", "0 to 49151")]
    [InlineData("/api/next", """{"text":"a","token":49152}""", "0 to 49151")]
    [InlineData("/api/tokens", """{"text":"a","model":"7"}""", "no model")]
    [InlineData("/api/tokens", "{", "cannot be read")]
    [InlineData("/api/tokens", "{}", "text")]
    [InlineData("/api/tokens", """{"text":null}""", "empty")]
    [InlineData("/api/figures/grid", """{"text":"a","stage":"Nonsense"}""", "stage")]
    [InlineData("/api/figures/grid", """{"text":"a","stage":99}""", "stage")]
    [InlineData("/api/figures/next", """{"text":"a","token":-1}""", "0 to 49151")]
    [InlineData("/api/figures/board", """{"text":"a","head":99}""", "heads 0 to 8")]
    [InlineData("/api/figures/sum", """{"text":"a","head":-1}""", "heads 0 to 8")]
    [InlineData("/api/next", """{"text":"a","layer":1.5}""", "layer holds")]
    [InlineData("/api/next", """{"text":"\ud800"}""", "cannot be read")]
    [InlineData("/api/next", "null", "cannot be read")]
    [InlineData("/api/next", """{"text":"a","edits":[null]}""", "edits holds null")]
    [InlineData("/api/chat", """{"messages":[null,{"role":"user","content":"hi"}]}""", "no content")]
    [InlineData("/api/next", """{"text":"a","edits":["replace:blocks.3.hook_resid_post:positions=0:text=LONG"]}""", "at most 256")]
    public async Task Request_ThatIsWrong_IsRefusedInASentence(string path, string body, string says)
    {
        using var response = await lab.Http.PostAsync(path, new StringContent(body.Replace("LONG", string.Join(' ', Enumerable.Repeat("word", 300)), StringComparison.Ordinal), System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString()!;
        Assert.Contains(says, problem, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("Heed.", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "application/json", "{}", HttpStatusCode.MethodNotAllowed, "POST")]
    [InlineData("POST", "text/plain", "{}", HttpStatusCode.UnsupportedMediaType, "application/json")]
    [InlineData("POST", "application/json", "TOO LARGE", HttpStatusCode.RequestEntityTooLarge, "256 KiB")]
    public async Task Request_OfAnotherKind_IsToldWhatIsTaken(string method, string type, string body, HttpStatusCode status, string says)
    {
        using var request = new HttpRequestMessage(new(method), "/api/tokens");
        if (method != "GET") request.Content = new StringContent(body == "TOO LARGE" ? $"{{\"text\":\"{new string('a', 300_000)}\"}}" : body, System.Text.Encoding.UTF8, type);
        using var response = await lab.Http.SendAsync(request);
        Assert.Equal(status, response.StatusCode);
        Assert.Contains(says, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zero:blocks.10.hook_attn_out", "sum")]
    [InlineData("zero:blocks.10.attn.hook_q", "products")]
    [InlineData("zero:hook_embed", "story")]
    [InlineData("scale:blocks.10.attn.hook_pattern:-5", "story")]
    public async Task Figure_OfWhatAnEditMadeNothing_IsDrawn(string edit, string figure)
    {
        var answer = await PostAsync($"/api/figures/{figure}", new { text = "the cat sat", layer = 10, head = 1, edits = new[] { edit } });
        Assert.All(answer.GetProperty("steps").EnumerateArray(), step => Assert.DoesNotContain("\"NaN", step.GetProperty("svg").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Query_CountedFromTheEnd_IsThatOne()
    {
        string[] figures = [.. await Task.WhenAll(new[] { -1, 2 }.Select(async query => (await PostAsync("/api/figures/story", new { text = "the cat sat", layer = 3, head = 2, query })).GetRawText()))];
        Assert.Equal(figures[1], figures[0]);
        Assert.Contains("tokens 0 to 2", await RefusalAsync(new { text = "the cat sat", query = -4 }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sampling_AtATemperatureNextToNothing_IsTheLikeliest()
    {
        var answer = await PostAsync("/api/figures/sampling", new { text = "the cat sat", temperature = 1e-40 });
        Assert.DoesNotContain("NaN", answer.GetProperty("steps")[0].GetProperty("svg").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_AskedToEnd_EndsWhatIsUnderWay()
    {
        var other = await Server.Lab.StartAsync([("model", lab.Model)], new());
        using var http = new HttpClient { BaseAddress = new(other.Address) };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/analyses/ablate") { Content = JsonContent.Create(new { text = string.Join(' ', Enumerable.Repeat("the quick brown fox", 20)), by = "Head" }) };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var events = await response.Content.ReadAsStreamAsync();
        Assert.NotEqual(0, await events.ReadAsync(new byte[16]));
        // The analysis would take minutes, and Kestrel waits half a minute by itself.
        await other.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task Host_OfATunnel_MayBeReachedByHttps()
    {
        await using var other = await Server.Lab.StartAsync([("model", lab.Model)], new() { Hosts = ["lab.example"] });
        using var http = new HttpClient { BaseAddress = new(other.Address) };
        foreach (var (origin, status) in new[] { ("https://lab.example", HttpStatusCode.OK), ("http://lab.example", HttpStatusCode.OK), ("https://evil.example", HttpStatusCode.Forbidden) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/models");
            request.Headers.Host = "lab.example";
            request.Headers.TryAddWithoutValidation("Origin", origin);
            using var response = await http.SendAsync(request);
            Assert.Equal(status, response.StatusCode);
        }
        await Assert.ThrowsAsync<HeedException>(() => Server.Lab.StartAsync([("model", lab.Model)], new() { Hosts = ["https://lab.example"] }));
    }

    [Fact]
    public async Task Text_BeyondTheLimits_IsRefusedWithTheLimit()
    {
        Assert.Contains("256", await RefusalAsync(new { text = string.Join(' ', Enumerable.Repeat("word", 300)) }));
        Assert.Contains("8,000", await RefusalAsync(new { text = new string('a', 9000) }));
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("Host", "localhost.evil.example")]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    public async Task Request_FromElsewhere_IsRefused(string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/tokens") { Content = JsonContent.Create(new { text = "a" }) };
        request.Headers.TryAddWithoutValidation(header, value);
        using var response = await lab.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("/../LICENSE")]
    [InlineData("/%2e%2e/LICENSE")]
    [InlineData("/assets/..%2f..%2fpackage.json")]
    [InlineData("/assets/%2e%2e/%2e%2e/package.json")]
    [InlineData("/etc/passwd")]
    [InlineData("/look/%2e%2e/%2e%2e/package.json")]
    public async Task File_OutsideThePages_IsNeverServed(string path)
    {
        using var response = await lab.Http.GetAsync(path);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.NotFound || body.Contains("<div id=\"app\">", StringComparison.Ordinal), body);
    }

    [Fact]
    public async Task Page_ThatIsNotThere_IsSaidInPlainText()
    {
        using var response = await lab.Http.GetAsync("/nonsense%3Cscript%3E");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("The lab begins at /.", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/look", HttpStatusCode.NotFound, "There is no page /look here")]
    [InlineData("POST", "/icon.svg", HttpStatusCode.NotFound, "There is no page /icon.svg here")]
    [InlineData("GET", "/look", HttpStatusCode.OK, "<div id=\"app\">")]
    public async Task Page_AskedForWrongly_IsNotSaidToBeAnother(string method, string path, HttpStatusCode status, string words)
    {
        using var request = new HttpRequestMessage(new(method), path);
        using var response = await lab.Http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        Assert.Equal(status, response.StatusCode);
        Assert.Contains(words, body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("paint:blocks.1.attn.hook_z")]
    [InlineData("add:blocks.1.hook_resid_post")]
    [InlineData("replace:blocks.1.hook_resid_post")]
    [InlineData("pattern:1.1")]
    public async Task Edit_ThatIsRefused_OffersNoFiles(string edit)
    {
        using var response = await lab.Http.PostAsJsonAsync("/api/next", new { text = "they crashed", edits = new[] { edit } });
        var error = await response.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("The forms are", error, StringComparison.Ordinal);
        Assert.DoesNotContain("file", error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Visitor_WhoLeaves_CostsNothingMore()
    {
        // Forty texts that nobody waits for any more: the one after them does not wait for their runs.
        for (var i = 0; i < 40; i++)
        {
            using var gone = new CancellationTokenSource(TimeSpan.FromMilliseconds(1));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => lab.Http.PostAsJsonAsync("/api/figures/grid", new { text = string.Join(' ', Enumerable.Repeat($"word{i}", 60)) }, gone.Token));
        }
        var answer = await PostAsync("/api/tokens", new { text = "still here" });
        Assert.Equal(2, answer.GetArrayLength());
    }

    [Fact]
    public async Task Visitors_AtTheSameTime_EachGetTheirOwn()
    {
        string[] texts = [.. Enumerable.Range(0, 24).Select(i => $"the {i} cats sat on mat number {i % 5}")];
        var answers = await Task.WhenAll(texts.Select(text => PostAsync("/api/next", new { text, top = 5 })));
        for (var i = 0; i < texts.Length; i++)
        {
            var alone = await PostAsync("/api/next", new { text = texts[i] + " ", top = 5 });   // another text: not from the cache
            Assert.NotEqual(alone.GetRawText(), answers[i].GetRawText());
            var run = new SequenceRun { Tokens = lab.Model.Tokenizer.Encode(texts[i]).Ids, Trace = Tracing.Trace.Of("hook_embed") };
            lab.Model.Transformer.Forward(run);
            var best = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(run.LastLogits);
            Assert.Equal(best, answers[i].GetProperty("tokens")[0].GetProperty("id").GetInt32());
            Assert.Equal(run.LastLogits[best], answers[i].GetProperty("tokens")[0].GetProperty("logit").GetSingle(), 1e-3f);
        }
    }

    [Theory]
    [InlineData("zero:blocks.10.attn.hook_z:head=1")]
    [InlineData("knockout:10.1:query=3,key=1")]
    [InlineData("scale:blocks.*.hook_mlp_out:0.5")]
    [InlineData("freeze:ln_final")]
    [InlineData("weight:10.1:query=3,key=2,to=0.9")]
    [InlineData("replace:blocks.10.hook_resid_post:positions=2:text=we sold: a boat")]
    [InlineData("add:blocks.12.hook_resid_post:embed= Paris:factor=8:positions=-1")]
    public async Task Edit_ChangesEveryAnswer_AsItChangesTheLibrarysRun(string edit)
    {
        const string text = "they crashed the car";
        var tokens = lab.Model.Tokenizer.Encode(text).Ids;
        Tracing.Edit[] edits = [Lens.EditText.Parse(edit, lab.Model, tokens)];
        var body = new { text, layer = 10, head = 1, edits = new[] { edit, "zero:blocks.20.hook_mlp_out" } };
        edits = [.. edits, Tracing.Edit.Zero("blocks.20.hook_mlp_out")];
        var loss = await PostAsync("/api/loss", body);
        double sum = 0;
        lab.Model.Transformer.Forward(new SequenceRun
        {
            Tokens = tokens,
            Edits = edits,
            Trace = Tracing.Trace.Of("hook_embed"),   // a traced run is exact: no 8-bit activations
            Rows = LogitRows.All,
            Handler = (position, logits) => sum += position + 1 < tokens.Length ? LanguageModel.TokenLoss(logits, tokens[position + 1]) : 0,
        });
        Assert.Equal(sum / (tokens.Length - 1), loss.GetProperty("mean").GetDouble(), 1e-4);
        var trace = lab.Model.Trace(tokens, edits: edits);
        var grid = await PostAsync("/api/figures/grid", body);
        var svg = System.Xml.Linq.XDocument.Parse(grid.GetProperty("steps")[0].GetProperty("svg").GetString()!);
        var shown = svg.Descendants().Single(e => (string?)e.Attribute("data-key") == "L10.H1.q3.k2" && e.Attribute("data-value") is not null).Attribute("data-value")!.Value;
        Assert.Equal(trace["blocks.10.attn.hook_pattern"][1, 3, 2], float.Parse(shown, System.Globalization.CultureInfo.InvariantCulture), 1e-5f);
        var story = await PostAsync("/api/figures/story", body);
        Assert.NotEmpty(story.GetProperty("steps").EnumerateArray());
    }

    [Theory]
    [InlineData("replace:blocks.0.hook_resid_pre:/etc/passwd", "files")]
    [InlineData("add:blocks.0.hook_resid_pre:/etc/passwd", "files")]
    [InlineData("pattern:0.0:x.json", "files")]
    [InlineData("nonsense", "is no edit")]
    [InlineData("zero:blocks.99.hook_z", "blocks")]
    [InlineData("weight:0.0:query=1,key=0,to=2", "0 to 1")]
    public async Task Edit_ThatIsWrong_IsRefusedInASentence(string edit, string says)
        => Assert.Contains(says, await RefusalAsync(new { text = "a b", edits = new[] { edit } }));

    [Fact]
    public async Task OpenApi_DescribesEveryResource()
    {
        var document = await lab.Http.GetFromJsonAsync<JsonElement>("/api/openapi.json");
        Assert.Equal("Heed lab", document.GetProperty("info").GetProperty("title").GetString());
        string[] paths = [.. document.GetProperty("paths").EnumerateObject().Select(p => p.Name)];
        Assert.Contains("/api/models", paths);
        foreach (var figure in s_figures) Assert.Contains($"/api/figures/{figure}", paths);
    }

    private async Task<string> RefusalAsync(object body)
    {
        using var response = await lab.Http.PostAsJsonAsync("/api/figures/grid", body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString()!;
    }

    private async Task<JsonElement> PostAsync(string path, object body)
    {
        using var response = await lab.Http.PostAsJsonAsync(path, body);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }
}
