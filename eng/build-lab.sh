#!/usr/bin/env bash
# Builds the lab's pages into lab/dist when their sources are newer. Needs Node.js 20 or newer, with npm.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
lab=$root/lab
is_current() {
  [ -f "$lab/dist/index.html" ] &&
    [ -z "$(find "$lab/src" "$lab/public" "$lab"/*.* "$root/src/Heed.Lens/Figures/FigureMotion.js" -newer "$lab/dist/index.html" -print -quit)" ]
}
if is_current; then exit 0; fi
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
  echo "The lab's pages need Node.js 20 or newer to be built, with npm. Get it from https://nodejs.org or your package manager (nodejs, npm), then run this again." >&2
  exit 1
fi
log=$(mktemp)
fresh=$lab/dist.$$
trap 'rm -rf "$log" "$fresh"' EXIT
step() {
  echo "$1 …" >&2
  shift
  "$@" >"$log" 2>&1 || { cat "$log" >&2; echo "The lab's pages could not be built; the messages above say why." >&2; exit 1; }
}
cd "$lab"
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then step "Fetching the lab's packages (once)" npm ci --no-audit --no-fund; fi
step "Building the lab's pages" npm run build -- --outDir "$fresh" --emptyOutDir
rm -rf dist
mv "$fresh" dist
touch dist/index.html
