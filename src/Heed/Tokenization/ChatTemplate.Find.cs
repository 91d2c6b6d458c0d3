using System.Text;
using System.Text.Json;
using Heed.Formats;

namespace Heed.Tokenization;

// Where checkpoints keep their templates.
public sealed partial class ChatTemplate
{
    private const string DefaultName = "default";
    private const string ToolUseName = "tool_use";

    /// <summary>
    /// The chat template of a Hugging Face folder (<c>chat_template.jinja</c> and <c>additional_chat_templates/*.jinja</c>, then
    /// <c>tokenizer_config.json</c>, then <c>chat_template.json</c>) or of a GGUF file (<c>tokenizer.chat_template</c>), which may be a folder's only one; null when it has none.
    /// </summary>
    /// <param name="path">The folder or the .gguf file.</param>
    /// <param name="name">Which one, where there are several. Default: the one called "default", and "tool_use" whenever tools are given.</param>
    /// <exception cref="HeedException">A file cannot be read, a template is broken, or there are templates but not that one.</exception>
    public static ChatTemplate? Find(string path, string? name = null)
    {
        if (Directory.Exists(path))
        {
            var found = InFolder(path);
            if (found.Count > 0 || Directory.GetFiles(path, "*.gguf") is not [var gguf]) return Choose(found, path, name);
            path = gguf;
        }
        using var file = GgufFile.Open(path);
        return Find(file, name);
    }

    /// <summary>The chat template of an open GGUF file; null when it has none.</summary>
    /// <inheritdoc cref="Find(string, string?)"/>
    public static ChatTemplate? Find(GgufFile file, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        const string key = "tokenizer.chat_template";
        var found = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        foreach (var candidate in file.Metadata.Keys)
            if (candidate == key) found[DefaultName] = (file.Metadata.GetString(key), $"{Path.GetFileName(file.Path)}:{key}");
            else if (candidate.StartsWith(key + ".", StringComparison.Ordinal))
                found[candidate[(key.Length + 1)..]] = (file.Metadata.GetString(candidate), $"{Path.GetFileName(file.Path)}:{candidate}");
        return Choose(found, file.Path, name);
    }

    private static ChatTemplate? Choose(Dictionary<string, (string Source, string Name)> found, string place, string? name)
    {
        if (found.Count == 0) return null;
        var toolUse = name is null && found.Count > 1 && found.TryGetValue(ToolUseName, out var tool) ? Parse(tool.Source, tool.Name) : null;
        if (!found.TryGetValue(name ?? DefaultName, out var chosen))
        {
            if (name is not null || found.Count > 1)
                throw new HeedException($"{place} has no chat template '{name ?? DefaultName}'; it has {string.Join(", ", found.Keys.Order(StringComparer.Ordinal))}");
            chosen = found.Values.Single();
        }
        return Parse(chosen.Source, chosen.Name, toolUse);
    }

    /// <summary>All templates of a folder by name. Files of their own replace what the configuration says.</summary>
    private static Dictionary<string, (string Source, string Name)> InFolder(string folder)
    {
        var found = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        foreach (var file in new[] { "chat_template.json", "tokenizer_config.json" })
        {
            if (!File.Exists(Path.Combine(folder, file))) continue;
            using var document = JsonFile.Open(Path.Combine(folder, file));
            if (document.RootElement.TryGetProperty("chat_template", out var value)) FromConfiguration(value, file, found);
        }
        var own = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(own)) found[DefaultName] = (ReadText(own), "chat_template.jinja");
        foreach (var subfolder in new[] { "additional_chat_templates", "chat_templates" })
        {
            var more = Path.Combine(folder, subfolder);
            if (!Directory.Exists(more)) continue;
            foreach (var file in Directory.GetFiles(more, "*.jinja").Order(StringComparer.Ordinal))
                found[Path.GetFileNameWithoutExtension(file)] = (ReadText(file), $"{subfolder}/{Path.GetFileName(file)}");
        }
        return found;
    }

    private static void FromConfiguration(JsonElement value, string file, Dictionary<string, (string, string)> found)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                found[DefaultName] = (value.GetString()!, $"{file}:chat_template");
                break;
            case JsonValueKind.Array:
                foreach (var entry in value.EnumerateArray())
                {
                    if (entry.ValueKind != JsonValueKind.Object
                        || !entry.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String
                        || !entry.TryGetProperty("template", out var template) || template.ValueKind != JsonValueKind.String)
                        throw new HeedException($"{file}: an entry of chat_template is not {{\"name\": …, \"template\": …}} with two texts");
                    found[name.GetString()!] = (template.GetString()!, $"{file}:chat_template.{name.GetString()}");
                }
                break;
            case JsonValueKind.Null: break;
            default: throw new HeedException($"{file}: chat_template is a JSON {value.ValueKind}; a text or a list of named texts is needed");
        }
    }

    /// <summary>A template file's text (UTF-8).</summary>
    /// <exception cref="HeedException">It cannot be read, is too long, or is not UTF-8.</exception>
    internal static string ReadText(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxLength) throw new HeedException($"{path} has more than {MaxLength} bytes; a chat template has some thousands");
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new HeedException($"{path} cannot be read as text: {e.Message}", e);
        }
    }
}
