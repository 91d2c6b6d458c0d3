#!/usr/bin/env bash
# Makes the pictures of the documentation anew from what the tool prints.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
text='a fluffy blue creature roamed the verdant forest'
mkdir -p docs/images
FORCE_COLOR=3 COLUMNS=124 ./heed look "$text" | dotnet run eng/terminal-picture.cs -- "./heed look \"$text\"" >docs/images/look.svg.new
mv docs/images/look.svg.new docs/images/look.svg
