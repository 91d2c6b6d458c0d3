#!/usr/bin/env bash
# Draws docs/gallery again: every command that its page shows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
grep -E '^    heed ' docs/gallery/README.md | while read -r line; do
  echo "$line" >&2
  eval "./$line" >/dev/null </dev/null
done
