using System.Reflection;

namespace Heed.Cli;

/// <summary>The tool's version.</summary>
internal static class CliVersion
{
    /// <summary>As it was built, without the commit.</summary>
    public static string Text { get; } = (typeof(CliVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0").Split('+')[0];
}
