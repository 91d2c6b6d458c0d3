using System.Runtime.CompilerServices;

namespace Heed.Tokenization.Jinja;

/// <summary>
/// What one rendering may use. Templates come with downloaded models, so they are foreign programs: a step is
/// charged per node evaluated, and work on long values is charged by length, so that the steps bound both time
/// and memory. The numbers are far above what real templates need (a long tool conversation takes some 10⁵ steps).
/// </summary>
internal sealed class Budget(long inputCharacters)
{
    /// <summary>Steps for a small input; the input's own length is added, several times over, since templates copy it.</summary>
    public const long BaseSteps = 5_000_000;

    /// <summary>Characters or elements in any one value, and characters of the whole output.</summary>
    public const int MaxSize = 32 * 1024 * 1024;

    /// <summary>Nesting of evaluations (statements, expressions, macros, nested data) at render time.</summary>
    public const int MaxDepth = 2500;

    /// <summary>Nesting in the source: brackets, chains of operators, blocks.</summary>
    public const int MaxSourceDepth = 400;

    /// <summary>Elements of a <c>range</c>, as Jinja's own sandbox has it.</summary>
    public const int MaxRange = 100_000;

    /// <summary>What an element of a list weighs, in characters.</summary>
    public const int ItemWeight = 4;

    private const int CharactersPerStep = 16;
    private long stepsLeft = BaseSteps + inputCharacters * 8;
    private int depth;

    /// <summary>Charges one step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step()
    {
        if (--stepsLeft < 0) OutOfSteps();
    }

    /// <summary>
    /// Charges for a value of <paramref name="size"/> characters or elements, each of the weight of <paramref name="weight"/>
    /// characters, before it is made, and refuses giant ones.
    /// </summary>
    public void Charge(long size, int weight = 1)
    {
        if (size > MaxSize / Math.Max(1, weight)) throw Fault.Limit($"a value of {size} elements is larger than the sandbox allows ({MaxSize / Math.Max(1, weight)})");
        stepsLeft -= size * weight / CharactersPerStep + 1;
        if (stepsLeft < 0) OutOfSteps();
    }

    /// <summary>Charges whole steps, for loops inside filters.</summary>
    public void Spend(long steps)
    {
        stepsLeft -= steps;
        if (stepsLeft < 0) OutOfSteps();
    }

    /// <summary>Charges for a string and gives it back.</summary>
    public string Made(string text)
    {
        Charge(text.Length);
        return text;
    }

    /// <summary>One level deeper; <see cref="Leave"/> ends it. A fault ends the rendering, so no <c>finally</c> is needed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter()
    {
        if (++depth > MaxDepth || ((depth & 7) == 0 && !RuntimeHelpers.TryEnsureSufficientExecutionStack())) TooDeep();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Leave() => depth--;

    private static void OutOfSteps() => throw Fault.Limit("the template does more work than the sandbox allows; an endless or hostile template, or a far too long conversation");

    private static void TooDeep() => throw Fault.Limit("the template nests deeper than the sandbox allows (endless recursion of a macro or loop, or data nested in itself)");
}
