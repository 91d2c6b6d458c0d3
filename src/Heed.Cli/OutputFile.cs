using System.CommandLine;

namespace Heed.Cli;

/// <summary>An option that names a file to write. It is checked before a command begins, so that no long run ends in a file that cannot be.</summary>
internal sealed class OutputFile : Option<string?>
{
    public OutputFile(string name, params string[] aliases) : base(name, aliases) => HelpName = "FILE";

    /// <summary>Refuses a name that no file can have, by the name that was given.</summary>
    /// <exception cref="UsageException">The name is empty.</exception>
    /// <exception cref="HeedException">It is a folder, or in a folder that does not exist.</exception>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(this) is not { } path) return;
        if (path.Length == 0) throw new UsageException($"{Name} is empty; give the name of a file.");
        if (Directory.Exists(path)) throw new HeedException($"{Name} {path} cannot be written: it is a folder. Give the name of a file in it.");
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            throw new HeedException($"{Name} {path} cannot be written: there is no folder {Path.GetDirectoryName(path)}. Make it first.");
    }
}
