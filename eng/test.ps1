# Builds everything and runs all tests (see the script `test`).
$rest = @($args)
if ($rest.Count -gt 0 -and $rest[0] -eq '--all') { $env:HEED_TEST_ALL = '1'; $rest = @($rest | Select-Object -Skip 1) }
& dotnet build -c Release --nologo -v quiet
if ($LASTEXITCODE -ne 0) { exit 1 }
$results = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString('N'))
& dotnet test --no-build -c Release --nologo --logger 'trx;LogFileName=results.trx' --logger 'console;verbosity=minimal' --results-directory $results @rest
$status = $LASTEXITCODE
$file = Get-ChildItem $results -Filter *.trx -ErrorAction SilentlyContinue | Select-Object -First 1
if (-not $file) { [Console]::Error.WriteLine('The tests did not run.'); exit 1 }
$counters = ([xml](Get-Content $file.FullName)).TestRun.ResultSummary.Counters
Remove-Item $results -Recurse -Force
$skipped = [int]$counters.total - [int]$counters.passed - [int]$counters.failed
"$($counters.passed) passed, $($counters.failed) failed, $skipped skipped"
if ([int]$counters.passed -eq 0 -or $status -ne 0) { exit 1 }
