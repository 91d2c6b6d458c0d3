using System.Globalization;

namespace Heed.Cli.Rendering;

/// <summary>Sizes of files and memory, everywhere in powers of 1,000: 12.3 kB, 4.5 MB, 1.25 GB.</summary>
internal static class ByteSize
{
    /// <summary>The size as it is written.</summary>
    public static string Of(long bytes) => bytes switch
    {
        >= 1_000_000_000 => $"{(bytes / 1e9).ToString("0.00", CultureInfo.InvariantCulture)} GB",
        >= 1_000_000 => $"{(bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture)} MB",
        _ => $"{(bytes / 1e3).ToString("0.0", CultureInfo.InvariantCulture)} kB",
    };
}
