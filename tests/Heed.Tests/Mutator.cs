using System.Buffers.Binary;
using System.Text;

namespace Heed.Tests;

/// <summary>Damages valid input in the ways that find bugs in parsers. Same seed, same damage.</summary>
internal static class Mutator
{
    private static readonly long[] s_edges =
    [
        0, 1, 2, 7, 8, 255, 256, 65535, 65536, int.MaxValue, (long)int.MaxValue + 1, uint.MaxValue, (long)uint.MaxValue + 1,
        1L << 32, 1L << 40, 1L << 60, 1L << 62, long.MaxValue, long.MaxValue - 7, long.MinValue, -1, -2, -8,
    ];

    private static readonly string[] s_numbers =
    [
        "0", "-1", "1e9", "1e999", "0.5", "-0", "2147483648", "9223372036854775807", "9223372036854775808",
        "18446744073709551615", "18446744073709551616", "99999999999999999999999999", "null", "true", "[]", "{}", "\"\"", "\"\\ud800\"",
    ];

    /// <summary>One to four random changes of <paramref name="original"/>, which is left as it is.</summary>
    /// <param name="original">Valid input.</param>
    /// <param name="seed">Decides everything.</param>
    /// <param name="focus">Most changes fall into this many bytes at the start (a header); 0: anywhere.</param>
    /// <param name="text">Also duplicate, move and replace tokens.</param>
    public static byte[] Mutate(byte[] original, int seed, int focus = 0, bool text = false)
    {
        var random = new Random(seed);
        var bytes = original.ToList();
        for (var changes = random.Next(1, 5); changes > 0 && bytes.Count > 0; changes--)
            Change(bytes, random, focus, text);
        return [.. bytes];
    }

    private static void Change(List<byte> bytes, Random random, int focus, bool text)
    {
        var at = Place(bytes, random, focus);
        switch (random.Next(text ? 11 : 8))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = random.Next(4) switch { 0 => 0, 1 => 255, 2 => 127, _ => (byte)random.Next(256) };
                break;
            case 2:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 3:
                var inserted = new byte[random.Next(1, 17)];
                random.NextBytes(inserted);
                bytes.InsertRange(at, inserted);
                break;
            case 4: // splice: bytes of one place over, or into, another
                var piece = Piece(bytes, random, focus, 64);
                if (random.Next(2) == 0) bytes.RemoveRange(at, Math.Min(piece.Count, bytes.Count - at));
                bytes.InsertRange(at, piece);
                break;
            case 5:
                bytes.RemoveRange(at, Math.Min(random.Next(1, 17), bytes.Count - at));
                break;
            case 6 or 7:
                SetInteger(bytes, at, random);
                break;
            case 8: // a run of tokens again, here
                bytes.InsertRange(TokenStart(bytes, at), Tokens(bytes, random, focus));
                break;
            case 9: // a run of tokens replaced by another
                var start = TokenStart(bytes, at);
                var end = TokenStart(bytes, Math.Min(bytes.Count - 1, at + random.Next(1, 24)));
                var tokens = Tokens(bytes, random, focus);
                if (end > start) bytes.RemoveRange(start, end - start);
                bytes.InsertRange(start, tokens);
                break;
            default: // a number, or what stands where one might, replaced by an unusual one
                ReplaceNumber(bytes, at, random);
                break;
        }
    }

    private static int Place(List<byte> bytes, Random random, int focus)
        => random.Next(focus > 0 && random.Next(8) != 0 ? Math.Min(focus, bytes.Count) : bytes.Count);

    private static List<byte> Piece(List<byte> bytes, Random random, int focus, int most)
    {
        var from = Place(bytes, random, focus);
        return bytes.GetRange(from, Math.Min(random.Next(1, most), bytes.Count - from));
    }

    /// <summary>An integer at the edge of something, or close to the input's own length, in 1 to 8 bytes, mostly aligned.</summary>
    private static void SetInteger(List<byte> bytes, int at, Random random)
    {
        var size = 1 << random.Next(4);
        if (random.Next(2) == 0) at -= at % size;
        Span<byte> value = stackalloc byte[8];
        var number = random.Next(3) == 0 ? bytes.Count + random.Next(-40, 41) : s_edges[random.Next(s_edges.Length)];
        BinaryPrimitives.WriteInt64LittleEndian(value, number);
        for (var i = 0; i < size && at + i < bytes.Count; i++)
            bytes[at + i] = value[i];
    }

    private static List<byte> Tokens(List<byte> bytes, Random random, int focus)
    {
        var from = TokenStart(bytes, Place(bytes, random, focus));
        var to = TokenStart(bytes, Math.Min(bytes.Count - 1, from + random.Next(1, 48)));
        return bytes.GetRange(from, Math.Max(0, to - from));
    }

    /// <summary>The last place up to <paramref name="at"/> where a word, a number or a sign begins.</summary>
    private static int TokenStart(List<byte> bytes, int at)
    {
        while (at > 0 && IsWord(bytes[at]) && IsWord(bytes[at - 1])) at--;
        return at;
    }

    private static bool IsWord(byte b) => b is (byte)'_' or (byte)'.' or (byte)'-' or > 127 || char.IsAsciiLetterOrDigit((char)b);

    private static void ReplaceNumber(List<byte> bytes, int at, Random random)
    {
        var start = bytes.FindIndex(at, b => char.IsAsciiDigit((char)b));
        if (start < 0) start = TokenStart(bytes, at);
        var end = start;
        while (end < bytes.Count && IsWord(bytes[end])) end++;
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, Encoding.ASCII.GetBytes(s_numbers[random.Next(s_numbers.Length)]));
    }
}
