using System.Text;

namespace Heed.Tokenization.Jinja;

/// <summary>One rendering under way: its output, its budget, and what its functions may know of the outside (the time, nothing else).</summary>
internal sealed class Rendering(string templateName, Budget budget, DateTime? now)
{
    private StringBuilder output = new();

    public string TemplateName => templateName;
    public Budget Budget => budget;

    /// <summary>What <c>strftime_now</c> sees.</summary>
    public DateTime Now => now ?? throw Fault.Runtime("the template asks for the time (strftime_now), which was not given; set ChatOptions.Now");

    /// <summary>The scope of the template's top level, which blocks see.</summary>
    public required Scope Top { get; init; }

    public void Write(string text)
    {
        budget.Charge((long)output.Length + text.Length > Budget.MaxSize ? (long)output.Length + text.Length : text.Length);
        output.Append(text);
    }

    /// <summary>The text that <paramref name="body"/> writes, kept from the output. (A fault ends the rendering: nothing to restore then.)</summary>
    public string Capture(Func<Flow> body) => Capture(body, out _);

    public string Capture(Func<Flow> body, out Flow flow)
    {
        var outer = output;
        output = new();
        flow = body();
        var text = output.ToString();
        output = outer;
        return budget.Made(text);
    }

    public string Output => output.ToString();
}
