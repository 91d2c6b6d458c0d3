using System.Runtime.CompilerServices;

namespace Heed.Numerics;

/// <content>What the machine can do at most; see <see cref="MachinePeak"/>.</content>
internal sealed unsafe partial class LanesKernels<T>
{
    [MethodImpl(Optimize)]
    public override long MultiplyAddRounds(int rounds, float* sink)
    {
        // Two units with a latency of four need eight sums under way; ten leave room for wider designs.
        T half = T.Broadcast(0.5f), one = T.Broadcast(1f);
        T s0 = one, s1 = one, s2 = one, s3 = one, s4 = one, s5 = one, s6 = one, s7 = one, s8 = one, s9 = one;
        for (var i = 0; i < rounds; i++)
        {
            s0 = T.MultiplyAdd(s0, half, one);
            s1 = T.MultiplyAdd(s1, half, one);
            s2 = T.MultiplyAdd(s2, half, one);
            s3 = T.MultiplyAdd(s3, half, one);
            s4 = T.MultiplyAdd(s4, half, one);
            s5 = T.MultiplyAdd(s5, half, one);
            s6 = T.MultiplyAdd(s6, half, one);
            s7 = T.MultiplyAdd(s7, half, one);
            s8 = T.MultiplyAdd(s8, half, one);
            s9 = T.MultiplyAdd(s9, half, one);
        }
        *sink = (s0 + s1 + (s2 + s3) + (s4 + s5) + (s6 + s7) + (s8 + s9)).Sum();
        return 20L * T.Width * rounds;
    }

    [MethodImpl(Optimize)]
    public override void ReadAll(float* x, long n, float* sink)
    {
        T s0 = default, s1 = default, s2 = default, s3 = default;
        for (long i = 0; i < n; i += 4 * T.Width)
        {
            s0 ^= T.Load(x + i);
            s1 ^= T.Load(x + i + T.Width);
            s2 ^= T.Load(x + i + 2 * T.Width);
            s3 ^= T.Load(x + i + 3 * T.Width);
        }
        *sink = (s0 ^ s1 ^ (s2 ^ s3)).Largest();
    }
}
