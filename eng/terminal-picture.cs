// Turns what a program prints to a colour terminal into an SVG: the picture in the README is the tool's real output.
//   FORCE_COLOR=3 COLUMNS=140 ./heed look "…" | dotnet run eng/terminal-picture.cs -- "heed look …" > docs/images/look.svg
// Braille patterns, blocks and shades are drawn as shapes, so that it looks the same whatever fonts the reader has.
#:property PublishAot=false
#:property TreatWarningsAsErrors=false
using System.Globalization;
using System.Text;

const double CellX = 9, CellY = 18, Margin = 24, FontSize = 14.5;
const string Paper = "#fbfaf7", Ink = "#1d2330", Line = "#e4e0d6", Mute = "#6b7280";

var culture = CultureInfo.InvariantCulture;
var title = args.Length > 0 ? args[0] : "";
using var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
var lines = input.ReadToEnd().TrimEnd('\n').Split('\n');
var body = new StringBuilder();
var top = Margin + (title.Length > 0 ? 2 * CellY : 0);
double widest = title.Length + 2;

for (var row = 0; row < lines.Length; row++)
{
    var (color, bold, reversed, faint) = (Ink, false, false, false);
    double column = 0;
    var run = new StringBuilder();
    double runStart = 0;
    for (var i = 0; i < lines[row].Length; i++)
    {
        if (lines[row][i] == '\e')
        {
            Flush();
            var end = lines[row].IndexOf('m', i);
            Select(lines[row][(i + 2)..end].Split(';').Select(n => n.Length == 0 ? 0 : int.Parse(n, culture)).ToArray());
            i = end;
            continue;
        }
        var c = lines[row][i];
        if (c is ' ' or (>= '⠀' and <= '⣿') or '░' or (>= '▀' and <= '▏'))
        {
            Flush();
            Shape(c);
            column++;
        }
        else
        {
            if (run.Length == 0) runStart = column;
            run.Append(c);
            column++;
        }
    }
    Flush();
    widest = Math.Max(widest, column);

    void Flush()
    {
        if (run.Length == 0) return;
        var (x, y) = (Margin + runStart * CellX, top + row * CellY);
        var length = run.Length * CellX;
        if (reversed) body.Append(culture, $"<rect x='{x:0.##}' y='{y:0.##}' width='{length:0.##}' height='{CellY}' fill='{color}'/>");
        body.Append(culture, $"<text x='{x:0.##}' y='{y + 13.5:0.##}' textLength='{length:0.##}' lengthAdjust='spacingAndGlyphs' fill='{(reversed ? Paper : color)}'{(bold ? " font-weight='600'" : "")}>{Escape(run.ToString())}</text>\n");
        run.Clear();
    }

    void Shape(char c)
    {
        var (x, y) = (Margin + column * CellX, top + row * CellY);
        if (c == '░') body.Append(culture, $"<rect x='{x:0.##}' y='{y:0.##}' width='{CellX}' height='{CellY}' fill='#efece4'/>\n");
        else if (c is >= '▉' and <= '▏' or '█')
        {
            var eighths = c == '█' ? 8 : '▏' - c + 1;
            body.Append(culture, $"<rect x='{x:0.##}' y='{y + 4:0.##}' width='{CellX * eighths / 8 + (eighths == 8 ? 0.3 : 0):0.##}' height='{CellY - 8}' fill='{color}'/>\n");
        }
        else if (c is >= '⠀' and <= '⣿')
        {
            for (var bit = 0; bit < 8; bit++)
            {
                if ((c - '⠀' & 1 << bit) == 0) continue;
                var (px, py) = bit < 6 ? (bit / 3, bit % 3) : (bit - 6, 3);
                body.Append(culture, $"<circle cx='{x + (px + 0.5) * CellX / 2:0.##}' cy='{y + (py + 0.5) * CellY / 4:0.##}' r='2.7' fill='{color}'/>");
            }
            body.Append('\n');
        }
    }

    void Select(int[] codes)
    {
        for (var k = 0; k < codes.Length; k++)
        {
            if (codes[k] == 0) (color, bold, reversed, faint) = (Ink, false, false, false);
            else if (codes[k] == 1) bold = true;
            else if (codes[k] == 2) faint = true;
            else if (codes[k] == 7) reversed = true;
            else if (codes[k] == 38 && codes[k + 1] == 2)
            {
                color = $"#{codes[k + 2]:x2}{codes[k + 3]:x2}{codes[k + 4]:x2}";
                k += 4;
            }
        }
    }
}

var width = 2 * Margin + widest * CellX;
var height = top + lines.Length * CellY + Margin;
Console.OutputEncoding = new UTF8Encoding(false);
var svg = new StringBuilder();
svg.Append(culture, $"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:0.##} {height:0.##}' width='{width:0.##}' height='{height:0.##}' font-family='ui-monospace, SFMono-Regular, Menlo, Consolas, \"DejaVu Sans Mono\", monospace' font-size='{FontSize}' style='white-space:pre'>\n");
svg.Append(culture, $"<title>{Escape(title)}</title>\n<rect x='0.5' y='0.5' width='{width - 1:0.##}' height='{height - 1:0.##}' rx='14' fill='{Paper}' stroke='{Line}'/>\n");
if (title.Length > 0) svg.Append(culture, $"<text x='{Margin}' y='{Margin + 13.5}' fill='{Mute}'>$ <tspan fill='{Ink}' font-weight='600'>{Escape(title)}</tspan></text>\n");
svg.Append(body).Append("</svg>\n");
Console.Out.Write(svg.ToString());

static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("'", "&#39;");
