#!/usr/bin/env bash
# Publishes the tool, compiled ahead for fast starts (ReadyToRun), into the folder given; says what it does.
set -euo pipefail
out=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
rid=$(dotnet --info | awk '/^ RID:/ {print $2}')
echo "Building heed (once, about a minute) …" >&2
dotnet publish "$root/src/Heed.Cli/Heed.Cli.csproj" -c Release -r "$rid" --self-contained false -p:PublishReadyToRun=true \
  -o "$out" --nologo -v quiet >"$log" 2>&1 &
pid=$!
start=$SECONDS
if [ -t 2 ]; then
  while kill -0 "$pid" 2>/dev/null; do printf '\r  %ss' "$((SECONDS - start))" >&2; sleep 1; done
  printf '\r' >&2
fi
if ! wait "$pid"; then
  cat "$log" >&2
  echo "heed could not be built; the messages above say why." >&2
  exit 1
fi
touch "$out/Heed.Cli.dll"
echo "Built in $((SECONDS - start)) s." >&2
