namespace Heed.Tokenization.Jinja;

internal enum TokenKind
{
    Data, VariableBegin, VariableEnd, BlockBegin, BlockEnd, Name, Text, Integer, Float, Operator, End,
}

/// <summary>A piece of template source. <paramref name="Value"/> is the text of names, operators and data, or the literal's value.</summary>
internal readonly record struct Token(TokenKind Kind, object Value, int Line)
{
    public bool IsOperator(string op) => Kind == TokenKind.Operator && (string)Value == op;

    public bool IsName(string name) => Kind == TokenKind.Name && (string)Value == name;

    public string Describe() => Kind switch
    {
        TokenKind.Data => "template text",
        TokenKind.VariableBegin => "begin of print statement",
        TokenKind.VariableEnd => "end of print statement",
        TokenKind.BlockBegin => "begin of statement block",
        TokenKind.BlockEnd => "end of statement block",
        TokenKind.End => "end of template",
        TokenKind.Text => "string",
        TokenKind.Integer => "integer",
        TokenKind.Float => "float",
        _ => $"'{Value}'",
    };
}
