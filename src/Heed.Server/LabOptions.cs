using System.Net;

namespace Heed.Server;

/// <summary>How the lab's server runs, and how much a visitor may ask of it.</summary>
public sealed record LabOptions
{
    /// <summary>The address it listens on. Default: this machine only.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>More names by which the server may be called, beside <c>localhost</c> and the loopback addresses.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>The folder of the built pages; null serves the interface for programs alone.</summary>
    public string? Pages { get; init; }

    /// <summary>The path of the model that the tool takes by itself: commands that pages show name any other with --model.</summary>
    public string? OwnModel { get; init; }

    /// <summary>Tokens of a text at most.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>Characters of a text at most: what is longer is refused before it is cut into tokens.</summary>
    public int MaxCharacters { get; init; } = 8000;

    /// <summary>Characters of a conversation at most.</summary>
    public int MaxChatCharacters { get; init; } = 20_000;

    /// <summary>Edits of a text at most.</summary>
    public int MaxEdits { get; init; } = 32;

    /// <summary>Tokens of a reply at most.</summary>
    public int MaxNewTokens { get; init; } = 512;

    /// <summary>Bytes of runs that are kept for the next question about the same text.</summary>
    public long CacheBytes { get; init; } = 256L << 20;

    /// <summary>True if the server asks itself what a page asks first, so that the first visitor waits no longer than others.</summary>
    public bool IsWarmedUp { get; init; }

    /// <summary>Long analyses at once; more wait their turn.</summary>
    public int MaxAnalyses { get; init; } = 2;

    /// <summary>How long an analysis may take.</summary>
    public TimeSpan MaxAnalysisTime { get; init; } = TimeSpan.FromMinutes(5);
}
