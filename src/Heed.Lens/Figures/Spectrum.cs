namespace Heed.Lens.Figures;

/// <summary>
/// The singular values of a map, the largest first: by how much it stretches each of as many directions as a vector has numbers. A map through
/// a small space keeps only as many directions as that has; all others it sends to zero.
/// <code>Spectrum.Of(FactoredMatrix.ValueOutput(model.Weights, 10, 1), "Layer 10, head 1: the value map", "L10.H1")</code>
/// </summary>
public static class Spectrum
{
    private const double Height = 180;

    /// <summary>Draws it. The key of a bar is the prefix, then s and the index.</summary>
    /// <param name="map">The map.</param>
    /// <param name="title">What it is.</param>
    /// <param name="keyPrefix">What stands before every bar's key.</param>
    /// <param name="width">The figure's width in pixels.</param>
    public static Figure Of(FactoredMatrix map, string title, string keyPrefix, double width = 640)
    {
        ArgumentNullException.ThrowIfNull(map);
        var values = map.SingularValues;
        var directions = Math.Min(map.Rows, map.Columns);
        var canvas = new FigureCanvas(title, $"A vector has {FigureNumbers.Count(directions)} directions. Each bar is one of them: how much the map stretches what lies that way. Past the first {values.Count} nothing comes through.", width);
        double left = FigureCanvas.Margin, top = canvas.Top + 20, bottom = top + Height, room = canvas.Width - 2 * FigureCanvas.Margin, step = room / directions;
        var largest = Math.Max(values[0], double.Epsilon);
        for (var i = 0; i < values.Count; i++)
        {
            var height = Height * values[i] / largest;
            canvas.Rectangle(Mark.Of($"{keyPrefix}.s{i}", values[i], $"direction {i + 1} is stretched {FigureNumbers.Exact(values[i])} times"),
                left + i * step, bottom - height, Math.Max(step - (step > 3 ? 1 : 0), 0.6), height, FigureRole.Value);
        }
        canvas.Rule(left, bottom, left + room, bottom, FigureRole.Mute);
        canvas.Number(left, top - 8, $"{FigureNumbers.Plain(values[0])}×", FigureRole.Value, null, 11.5, Anchor.Start);
        canvas.Rule(left + values.Count * step, bottom, left + values.Count * step, bottom + 8, FigureRole.Mute);
        var (counted, rest) = (FigureNumbers.Count(values.Count), directions == values.Count ? "" : $"{FigureNumbers.Count(directions - values.Count)} directions of zero");
        canvas.Text(left + values.Count * step, bottom + 22, counted, FigureRole.Value, 11.5, Anchor.Middle, 600);
        // Where the number at the tick leaves no room, the others stand below it.
        var isCrowded = left + values.Count * step + TextWidth.Of(counted, 11.5, isBold: true) / 2 + 12 > left + room - TextWidth.Of(rest, 11.5);
        canvas.Text(left + room, bottom + (isCrowded ? 38 : 22), rest, FigureRole.Mute, 11.5, Anchor.End);
        long thin = (long)(map.Rows + map.Columns) * map.Inner, full = (long)map.Rows * map.Columns;
        return canvas.Finish(bottom + (isCrowded && rest.Length > 0 ? 42 : 26), $"two thin matrices: {FigureNumbers.Count(map.Rows)} × {map.Inner} + {map.Inner} × {FigureNumbers.Count(map.Columns)} = {FigureNumbers.Count(thin)} numbers; one full matrix would have {FigureNumbers.Count(full)}");
    }
}
