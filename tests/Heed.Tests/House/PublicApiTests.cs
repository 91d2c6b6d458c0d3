using System.Reflection;
using System.Text;

namespace Heed.Tests.House;

/// <summary>What a package promises is written down in its PublicApi.txt; a change to it is a decision, made there.</summary>
public class PublicApiTests
{
    [Theory]
    [InlineData("Heed")]
    [InlineData("Heed.Lens")]
    public void PublicApi_OfALibrary_IsTheOneWrittenDown(string library)
    {
        var file = Path.Combine(TestData.Root, "src", library, "PublicApi.txt");
        var actual = string.Join('\n', Describe(Assembly.Load(library))) + "\n";
        if (Environment.GetEnvironmentVariable("HEED_ACCEPT_API") is not null) File.WriteAllText(file, actual);
        var expected = File.Exists(file) ? File.ReadAllText(file).ReplaceLineEndings("\n") : "";
        var added = actual.Split('\n').Except(expected.Split('\n'));
        var removed = expected.Split('\n').Except(actual.Split('\n'));
        Assert.True(expected == actual,
            $"The public API of {library} changed. If that is meant, run the tests with HEED_ACCEPT_API=1 and commit src/{library}/PublicApi.txt.\n" +
            string.Join('\n', added.Select(l => "+ " + l).Concat(removed.Select(l => "- " + l))));
    }

    private static IEnumerable<string> Describe(Assembly assembly)
        => assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal).SelectMany(type => Members(type).Order(StringComparer.Ordinal)
            .Select(member => $"{type.FullName}: {member}").Prepend($"{type.FullName} ({Kind(type)})"));

    private static string Kind(Type type)
        => type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct" : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
            : type is { IsAbstract: true, IsSealed: true } ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";

    private static IEnumerable<string> Members(Type type)
    {
        const BindingFlags declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        if (type.IsEnum) return Enum.GetNames(type);
        return type.GetMembers(declared).Where(IsVisible).Where(m => !m.Name.Contains('<') && m is not Type).Select(Signature).Where(s => s.Length > 0).Distinct();
    }

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
        FieldInfo field => field.IsPublic || field.IsFamily,
        PropertyInfo property => property.GetAccessors(true).Any(IsVisible),
        EventInfo e => e.AddMethod is { IsPublic: true },
        _ => false,
    };

    private static string Signature(MemberInfo member) => member switch
    {
        ConstructorInfo c => $"new({Parameters(c)})",
        MethodInfo { IsSpecialName: true, Name: not ("op_Implicit" or "op_Explicit") } => "",
        MethodInfo m => $"{Name(m.ReturnType)} {m.Name}{(m.IsGenericMethod ? $"<{string.Join(", ", m.GetGenericArguments().Select(a => a.Name))}>" : "")}({Parameters(m)})",
        PropertyInfo p => $"{Name(p.PropertyType)} {p.Name} {{{(p.GetMethod is { } g && IsVisible(g) ? " get;" : "")}{(p.SetMethod is { } s && IsVisible(s) ? IsInit(s) ? " init;" : " set;" : "")} }}",
        FieldInfo f => $"{(f.IsLiteral ? "const " : "")}{Name(f.FieldType)} {f.Name}",
        _ => member.ToString() ?? "",
    };

    private static bool IsInit(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Length > 0;

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p => $"{Name(p.ParameterType)} {p.Name}{(p.HasDefaultValue ? " = …" : "")}"));

    private static string Name(Type type)
    {
        if (type.IsByRef) return "ref " + Name(type.GetElementType()!);
        if (type.IsArray) return Name(type.GetElementType()!) + "[]";
        if (!type.IsGenericType) return type.Name;
        var name = new StringBuilder(type.Name[..type.Name.IndexOf('`')]);
        return name.Append('<').AppendJoin(", ", type.GetGenericArguments().Select(Name)).Append('>').ToString();
    }
}
