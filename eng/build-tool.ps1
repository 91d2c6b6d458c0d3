# Publishes the tool into a folder of its own below the one given, when its sources are newer than the last build (see build-tool.sh).
param([Parameter(Mandatory)][string]$Out)
$ErrorActionPreference = 'Stop'
$root = Split-Path $PSScriptRoot -Parent
$current = Join-Path $Out 'current'
function Test-Current {
    if (-not (Test-Path $current)) { return $false }
    $when = (Get-Item $current).LastWriteTimeUtc
    $inputs = @(Get-ChildItem (Join-Path $root 'src') -Recurse -File | Where-Object { $_.FullName -notmatch '[\\/](bin|obj)[\\/]' })
    $inputs += 'Directory.Build.props', 'Directory.Packages.props', 'global.json' | ForEach-Object { Get-Item (Join-Path $root $_) }
    return -not ($inputs | Where-Object { $_.LastWriteTimeUtc -gt $when } | Select-Object -First 1)
}
if (Test-Current) { exit 0 }
New-Item $Out -ItemType Directory -Force | Out-Null
# One builds, the others wait.
$mutex = New-Object System.Threading.Mutex($false, 'heed-build-' + ($root.ToLowerInvariant() -replace '[^a-z0-9]', '-'))
try { [void]$mutex.WaitOne() } catch [System.Threading.AbandonedMutexException] { }
try {
    if (Test-Current) { exit 0 }
    [Console]::Error.WriteLine('Building heed (once, about a minute) ...')
    $started = [DateTime]::UtcNow
    $name = "$($started.Ticks)-$PID"
    $architecture = [System.Runtime.InteropServices.RuntimeInformation]::OSArchitecture.ToString().ToLowerInvariant()
    $log = & dotnet publish (Join-Path $root 'src/Heed.Cli/Heed.Cli.csproj') -c Release -r "win-$architecture" --self-contained false `
        '-p:PublishReadyToRun=true' '-p:EmbedModel=false' '-p:LabPages=false' '-p:RunAnalyzers=false' '-p:GenerateDocumentationFile=false' --artifacts-path (Join-Path $root 'artifacts/build') -o (Join-Path $Out $name) --nologo -v quiet 2>&1
    if ($LASTEXITCODE -ne 0) {
        $log | ForEach-Object { [Console]::Error.WriteLine($_) }
        [Console]::Error.WriteLine('heed could not be built; the messages above say why.')
        exit 1
    }
    $before = if (Test-Path $current) { (Get-Content $current).Trim() } else { '' }
    Set-Content "$current.new" $name -Encoding Ascii
    (Get-Item "$current.new").LastWriteTimeUtc = $started
    Move-Item "$current.new" $current -Force
    # The build before this one may still be running somewhere; older ones go.
    Get-ChildItem $Out -Directory | Where-Object { $_.Name -ne $name -and $_.Name -ne $before } | Remove-Item -Recurse -Force -ErrorAction SilentlyContinue
}
finally { $mutex.ReleaseMutex() }
