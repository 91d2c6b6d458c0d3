using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace Heed.Formats;

/// <summary>Reads a GGUF header front to back; every step is checked against the file's true size first.</summary>
internal unsafe ref struct GgufReader(MappedFile file, long position = 0)
{
    /// <summary>The longest key or name (the format's own limit for keys); names appear in messages.</summary>
    public const int MaximumName = 65535;

    /// <summary>Bytes from the start of the file.</summary>
    public long Position { get; private set; } = position;

    /// <summary>Bytes left.</summary>
    public readonly long Remaining => file.Length - Position;

    /// <summary>A little-endian number of fixed size.</summary>
    /// <param name="what">What it is, for the message if the file ends before it.</param>
    public T Read<T>(string what) where T : unmanaged => Unsafe.ReadUnaligned<T>(Take(sizeof(T), what));

    /// <summary>The bytes of a string: a length of 64 bits, then UTF-8.</summary>
    public ReadOnlySpan<byte> Bytes(string what)
    {
        var length = Read<ulong>(what);
        if (length > (ulong)Remaining)
            throw new HeedException($"{file.Path}: {what} at byte {Position - 8} claims a length of {length} bytes, but only {Remaining} are left in the file. It is damaged or cut off.");
        if (length > int.MaxValue)
            throw new HeedException($"{file.Path}: {what} at byte {Position - 8} is {length} bytes long; strings of 2 GB and more are not read.");
        return new(Take((long)length, what), (int)length);
    }

    /// <summary>A string; it must be valid UTF-8 and at most <paramref name="limit"/> bytes long.</summary>
    public string String(string what, int limit = int.MaxValue)
    {
        var start = Position;
        var bytes = Bytes(what);
        if (bytes.Length > limit)
            throw new HeedException($"{file.Path}: {what} at byte {start} is {bytes.Length} bytes long; at most {limit} are allowed. The file is damaged.");
        return Utf8.IsValid(bytes)
            ? Encoding.UTF8.GetString(bytes)
            : throw new HeedException($"{file.Path}: {what} at byte {start} is not valid UTF-8.");
    }

    /// <summary>Steps over <paramref name="count"/> strings. Vocabularies make this the longest part of opening a file.</summary>
    public void SkipStrings(long count, string what)
    {
        var data = file.Data;
        var end = file.Length;
        var position = Position;
        for (var i = 0L; i < count; i++)
        {
            var length = end - position >= 8 ? Unsafe.ReadUnaligned<ulong>(data + position) : ulong.MaxValue;
            if (length > (ulong)Math.Max(0, end - position - 8) || length > int.MaxValue)
            {
                Position = position;
                Bytes(what); // says what is wrong
                return;
            }
            position += 8 + (long)length;
        }
        Position = position;
    }

    /// <summary>Fills <paramref name="values"/> with the strings that follow.</summary>
    public void Strings(string[] values, string what)
    {
        for (var i = 0; i < values.Length; i++)
        {
            // Inline, not by String(): a vocabulary has 100,000 of these, read before the methods are compiled well.
            var start = file.Data + Position;
            var length = Remaining >= 8 ? Unsafe.ReadUnaligned<ulong>(start) : ulong.MaxValue;
            if (length > int.MaxValue || (long)length > Remaining - 8)
            {
                Bytes(what); // says what is wrong
                return;
            }
            var bytes = new ReadOnlySpan<byte>(start + 8, (int)length);
            if (!Utf8.IsValid(bytes))
                throw new HeedException($"{file.Path}: {what}, number {i} at byte {Position}, is not valid UTF-8.");
            values[i] = Encoding.UTF8.GetString(bytes);
            Position += 8 + bytes.Length;
        }
    }

    /// <summary>Steps over <paramref name="count"/> bytes.</summary>
    public void Skip(long count, string what) => Take(count, what);

    private byte* Take(long count, string what)
    {
        if (count > Remaining)
            throw new HeedException($"{file.Path}: the file ends at byte {file.Length}, inside {what} at byte {Position}. It is damaged or cut off.");
        var at = file.Data + Position;
        Position += count;
        return at;
    }
}
