# Builds everything and runs all tests (see the script `test`).
$rest = @($args)
if ($rest.Count -gt 0 -and $rest[0] -eq '--all') { $env:HEED_TEST_ALL = '1'; $rest = @($rest | Select-Object -Skip 1) }
& dotnet build -c Release --nologo -v quiet
if ($LASTEXITCODE -ne 0) { exit 1 }
$results = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString('N'))
& dotnet test --no-build -c Release --nologo --logger 'trx;LogFilePrefix=results' -m:1 --logger 'console;verbosity=minimal' --results-directory $results @rest
$status = $LASTEXITCODE
$files = @(Get-ChildItem $results -Filter *.trx -ErrorAction SilentlyContinue)
if ($files.Count -eq 0) { [Console]::Error.WriteLine('The tests did not run.'); exit 1 }
$passed = 0; $failed = 0; $total = 0
foreach ($file in $files) {
  $counters = ([xml](Get-Content $file.FullName)).TestRun.ResultSummary.Counters
  $passed += [int]$counters.passed; $failed += [int]$counters.failed; $total += [int]$counters.total
}
Remove-Item $results -Recurse -Force
"$passed passed, $failed failed, $($total - $passed - $failed) skipped"
if ($passed -eq 0 -or $status -ne 0) { exit 1 }
