namespace Heed.Lens;

/// <summary>A kind of parameter: the rows of the tally, in the lesson's order.</summary>
internal sealed record ParameterKind(string Name, string Symbol, Func<ParameterTensor, bool> Has)
{
    /// <summary>W_U, which may be W_E again.</summary>
    public static ParameterKind Unembedding { get; } = Matrix("unembedding", "W_U", ParameterRole.Unembedding);

    /// <summary>All, each tensor in exactly one.</summary>
    public static IReadOnlyList<ParameterKind> All { get; } =
    [
        Matrix("embedding", "W_E", ParameterRole.Embedding),
        Matrix("positions", "W_pos", ParameterRole.Positions),
        Matrix("embedding to width", "W_in", ParameterRole.ProjectIn),
        Matrix("queries", "W_Q", ParameterRole.Query),
        Matrix("keys", "W_K", ParameterRole.Key),
        Matrix("values (Value↓)", "W_V", ParameterRole.Value),
        Matrix("output (Value↑)", "W_O", ParameterRole.Output),
        new("attention biases", "b_Q b_K b_V b_O", t => t is { IsVector: true, Role: ParameterRole.Query or ParameterRole.Key or ParameterRole.Value or ParameterRole.Output }),
        new("query and key norms", "w b", t => t.Role is ParameterRole.QueryNorm or ParameterRole.KeyNorm),
        Matrix("router", "W_router", ParameterRole.Router),
        Matrix("MLP gate", "W_gate", ParameterRole.MlpGate),
        Matrix("MLP up", "W_up", ParameterRole.MlpUp),
        Matrix("MLP down", "W_down", ParameterRole.MlpDown),
        new("MLP biases", "b_up b_down", t => t is { IsVector: true, Role: ParameterRole.MlpGate or ParameterRole.MlpUp or ParameterRole.MlpDown or ParameterRole.Router }),
        new("norms", "w b", t => t.Role == ParameterRole.Norm),
        Matrix("width to embedding", "W_out", ParameterRole.ProjectOut),
        Unembedding,
        new("unembedding bias", "b_U", t => t is { Role: ParameterRole.Unembedding, IsVector: true }),
    ];

    private static ParameterKind Matrix(string name, string symbol, ParameterRole role) => new(name, symbol, t => !t.IsVector && t.Role == role);
}
