using System.CommandLine;

namespace Heed.Cli.Commands;

/// <summary>heed completion: scripts that complete command lines. All of them ask the tool itself, through its [suggest] directive.</summary>
internal static class CompletionCommand
{
    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh, fish or pwsh." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish", "pwsh");
        var command = new ToolCommand("completion", "Print a script that completes command lines in your shell.")
        {
            Examples =
            [
                ("heed completion bash >> ~/.bashrc", "bash"),
                ("heed completion zsh >> ~/.zshrc", "zsh"),
                ("heed completion fish > ~/.config/fish/completions/heed.fish", "fish"),
                ("heed completion pwsh >> $PROFILE", "PowerShell"),
            ],
        };
        command.Arguments.Add(shell);
        command.SetAction(parsed =>
        {
            terminal.Out.WriteLine(parsed.GetValue(shell) switch { "bash" => Bash, "zsh" => Zsh, "fish" => Fish, _ => PowerShell });
            return ExitCode.Success;
        });
        return command;
    }

    private const string Bash = """
        # heed completion for bash
        _heed_complete() {
            local IFS=$'\n'
            COMPREPLY=()
            local word=${COMP_WORDS[COMP_CWORD]} candidate
            while read -r candidate; do
                [[ $candidate == "$word"* ]] && COMPREPLY+=("$candidate")
            done < <(heed "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
        }
        complete -o default -F _heed_complete heed
        """;

    private const string Zsh = """
        # heed completion for zsh
        _heed_complete() {
            local -a candidates
            candidates=("${(@f)$(heed "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            if [[ -n $candidates[1] ]]; then compadd -a candidates; else _files; fi
        }
        (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
        compdef _heed_complete heed
        """;

    private const string Fish = """
        # heed completion for fish
        complete -c heed -a '(heed "[suggest:"(commandline -C)"]" (commandline -cp) 2>/dev/null)'
        """;

    private const string PowerShell = """
        # heed completion for PowerShell
        Register-ArgumentCompleter -Native -CommandName heed -ScriptBlock {
            param($word, $ast, $cursor)
            heed "[suggest:$cursor]" "$ast" 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }
        """;
}
