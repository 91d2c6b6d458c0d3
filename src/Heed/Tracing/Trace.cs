using System.IO.Enumeration;

namespace Heed.Tracing;

/// <summary>
/// What one pass computed, by name. Made with what is to be kept, given to the pass, read afterwards:
/// <c>trace["blocks.3.attn.hook_pattern"]</c>.
/// </summary>
/// <remarks>The pass calls <see cref="Observe"/> with the live buffer at every named point; edits will act there too.</remarks>
public sealed class Trace
{
    private readonly Func<string, bool> _keep;
    private readonly Dictionary<string, Activation> _kept = [];

    private Trace(Func<string, bool> keep) => _keep = keep;

    /// <summary>Keeps every activation.</summary>
    public static Trace Everything() => new(_ => true);

    /// <summary>Keeps the activations whose canonical name or alias matches one of <paramref name="patterns"/>;
    /// <c>*</c> stands for any text (<c>blocks.*.attn.hook_pattern</c>).</summary>
    public static Trace Of(params IEnumerable<string> patterns)
    {
        string[] all = [.. patterns.Select(ActivationNames.Canonical)];
        return new(name => all.Any(p => FileSystemName.MatchesSimpleExpression(p, name, ignoreCase: false)
                                     || ResolveIn(p) == name || ResolveIn(p, gated: true) == name));
    }

    /// <summary>Keeps nothing, but looks for the first activation that is not finite.</summary>
    internal static Trace Diagnosing() => new(_ => false);

    /// <summary>The kept activations' canonical names, in the order of computation.</summary>
    public IReadOnlyCollection<string> Names => _kept.Keys;

    /// <summary>The activation of that name or alias; an unknown one is an error that says what was kept.</summary>
    public Activation this[string name] => Find(name)
        ?? throw new HeedException($"The trace has no activation \"{name}\". It kept {_kept.Count}: {string.Join(", ", _kept.Keys.Take(40))}{(_kept.Count > 40 ? ", …" : "")}.");

    /// <summary>The activation of that name or alias, or null.</summary>
    public Activation? Find(string name)
    {
        var canonical = ActivationNames.Canonical(name);
        return _kept.GetValueOrDefault(canonical)
            ?? _kept.GetValueOrDefault(ResolveIn(canonical, gated: true)) ?? _kept.GetValueOrDefault(ResolveIn(canonical));
    }

    /// <summary>True if the pass must compute this activation.</summary>
    internal bool Wants(string name) => _keep(name);

    /// <summary>True if the pass must compute this activation of a layer.</summary>
    internal bool Wants(int layer, string name) => _keep(ActivationNames.InBlock(layer, name));

    /// <summary>The pass has computed an activation: keep it if it is wanted, and refuse numbers that are not finite.</summary>
    /// <param name="name">Its canonical name.</param>
    /// <param name="values">The live buffer, row-major.</param>
    /// <param name="axes">What the axes are, with their lengths.</param>
    internal unsafe void Observe(string name, float* values, params ReadOnlySpan<(string Axis, int Length)> axes)
    {
        var count = 1;
        foreach (var (_, length) in axes) count = checked(count * length);
        if (!name.EndsWith(ActivationNames.Scores, StringComparison.Ordinal))
            NonFiniteException.Check(name, values, axes, count);
        if (!_keep(name)) return;
        var shape = new int[axes.Length];
        var labels = new string[axes.Length];
        for (var i = 0; i < axes.Length; i++) (labels[i], shape[i]) = axes[i];
        _kept[name] = new(name, labels, shape, new ReadOnlySpan<float>(values, count).ToArray());
    }

    /// <summary>"mlp.in.hook_out" is what enters the non-linear function, or what the gate multiplies.</summary>
    private static string ResolveIn(string name, bool gated = false)
        => name.EndsWith(".mlp.in.hook_out", StringComparison.Ordinal)
            ? name[..^"mlp.in.hook_out".Length] + (gated ? ActivationNames.MlpPreLinear : ActivationNames.MlpPre)
            : name;
}
