#!/usr/bin/env bash
# Makes the pictures of the documentation anew: what the tool prints, and what the lab shows (needs Chromium).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
text='a fluffy blue creature roamed the verdant forest'
mkdir -p docs/images
FORCE_COLOR=3 COLUMNS=124 ./heed look "$text" | dotnet run eng/terminal-picture.cs -- "./heed look \"$text\"" >docs/images/look.svg.new
mv docs/images/look.svg.new docs/images/look.svg

# The lab, as a browser shows it.
address=$(mktemp)
./heed lab --no-browser >"$address" &
lab=$!
trap 'kill "$lab" 2>/dev/null; rm -f "$address"' EXIT
until [ -s "$address" ]; do sleep 0.2; done
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=1 --window-size=1360,940 --virtual-time-budget=8000 --user-data-dir="$(mktemp -d)" \
  --screenshot=docs/images/lab.png "$(cat "$address")look?text=${text// /+}&head=10.1" 2>/dev/null
