# Builds the lab's pages (see the script build-lab.sh). npm builds only what changed.
$lab = Join-Path (Split-Path $PSScriptRoot) 'lab'
if (-not (Get-Command npm -ErrorAction SilentlyContinue)) {
  [Console]::Error.WriteLine("The lab's pages need Node.js 20 or newer to be built, with npm. Get it from https://nodejs.org, then run this again.")
  exit 1
}
Push-Location $lab
try {
  if (-not (Test-Path node_modules/.package-lock.json)) { & npm ci --no-audit --no-fund; if ($LASTEXITCODE -ne 0) { exit 1 } }
  & npm run build
  exit $LASTEXITCODE
} finally { Pop-Location }
