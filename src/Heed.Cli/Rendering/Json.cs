using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Heed.Cli.Rendering;

/// <summary>Output that a program reads: one JSON object a line.</summary>
internal static class Json
{
    /// <summary>Writes an object as one line.</summary>
    public static void WriteLine(TextWriter output, Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 16 }))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    /// <summary>A number with that many digits; infinities and NaN, which JSON does not know, become null.</summary>
    public static void Number(this Utf8JsonWriter writer, string name, double value, int digits = 6)
    {
        writer.WritePropertyName(name);
        writer.Value(value, digits);
    }

    /// <summary>The same as an element of an array.</summary>
    public static void Value(this Utf8JsonWriter writer, double value, int digits = 6)
    {
        if (!double.IsFinite(value)) writer.WriteNullValue();
        else writer.WriteNumberValue(digits <= 15 && Math.Abs(value) < 1e9 && Math.Abs(value) > 1e-3 ? Math.Round(value, digits) : value);
    }
}
