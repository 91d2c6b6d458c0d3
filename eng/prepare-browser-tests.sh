#!/usr/bin/env bash
# What the lab's browser tests need beside .NET: the built pages, checked, and a Chromium. Where one cannot be had here, those tests are
# skipped, and counted; a page that does not build or check is an error.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then
  "$root/eng/build-lab.sh"
  (cd "$root/lab" && npm run --silent check >&2)
else
  echo "Node.js is not here: the lab's browser tests are skipped." >&2
fi
for place in "${HEED_CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
  if [ -x "$place" ]; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Chromium (once) …" >&2
  log=$(mktemp)
  { apt-get install -y --no-install-recommends chromium || { apt-get update && apt-get install -y --no-install-recommends chromium; }; } >"$log" 2>&1 ||
    { tail -n 3 "$log" >&2; echo "Chromium could not be installed: the lab's browser tests are skipped." >&2; }
  rm -f "$log"
else
  echo "Chromium is not here: the lab's browser tests are skipped. Install it (package chromium) or name one with HEED_CHROMIUM." >&2
fi
