using System.Diagnostics;

namespace Heed.Cli.Rendering;

/// <summary>Says on standard error what takes so long, from the first second on; gone when it is done. Silent where nobody watches.</summary>
internal sealed class Progress : IDisposable, IProgress<double>
{
    private readonly Terminal _terminal;
    private readonly string _what;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Lock _lock = new();
    private readonly Timer? _timer;
    private int _shown;
    private bool _isDone;

    public Progress(Terminal terminal, string what)
    {
        _terminal = terminal;
        _what = what;
        if (terminal.IsErrorInteractive) _timer = new(_ => Show(), null, 1000, 500);
    }

    /// <summary>How far it is, from 0 to 1, where that is known.</summary>
    public double? Fraction { get; set; }

    /// <inheritdoc/>
    public void Report(double value) => Fraction = value;

    private void Show()
    {
        lock (_lock)
        {
            if (_isDone) return;
            var text = CellWidth.Shorten($"{_what} … {(Fraction is { } f ? $"{f * 100:0} %" : $"{_watch.Elapsed.TotalSeconds:0} s")}", 78);
            _terminal.Error.Write("\r" + text.PadRight(_shown));
            _shown = text.Length;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDone = true;
            if (_shown > 0) _terminal.Error.Write("\r" + new string(' ', _shown) + "\r");
        }
        _timer?.Dispose();
    }
}
