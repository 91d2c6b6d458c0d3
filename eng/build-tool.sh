#!/usr/bin/env bash
# Publishes the tool, compiled ahead for fast starts (ReadyToRun), into a folder of its own below the one given, and names it in the file
# "current" there. Safe to run several times at once: one builds, the others wait. A tool that runs keeps the folder it started from.
set -euo pipefail
out=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
mkdir -p "$out"
lock=$out/lock
asked=$(mktemp)
log=$(mktemp)
trap 'rm -f "$asked" "$log"' EXIT

# Only one process can make a folder: that is the lock. It holds its maker's id, so that one left by a process that died is seen.
waits=0
until mkdir "$lock" 2>/dev/null; do
  [ "$waits" -gt 0 ] || echo "Waiting for another build of heed …" >&2
  waits=$((waits + 1))
  sleep 0.5
  holder=$(cat "$lock/pid" 2>/dev/null || true)
  if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null || [ -z "$holder" ] && [ "$waits" -gt 20 ]; then rm -rf "$lock"; fi
done
echo $$ >"$lock/pid"
fresh=$out/$(date +%s)-$$
trap 'rm -rf "$asked" "$log" "$fresh.new" "$lock"' EXIT
if [ "$waits" -gt 0 ] && [ "$out/current" -nt "$asked" ]; then exit 0; fi   # the build that was waited for began after this one was asked

rid=$(dotnet --info | awk '/^ RID:/ {print $2}')
echo "Building heed (once, about a minute) …" >&2
touch "$asked"
dotnet publish "$root/src/Heed.Cli/Heed.Cli.csproj" -c Release -r "$rid" --self-contained false -p:PublishReadyToRun=true -p:EmbedModel=false -p:LabPages=false -p:RunAnalyzers=false -p:GenerateDocumentationFile=false \
  --artifacts-path "$root/artifacts/build" -o "$fresh.new" --nologo -v quiet >"$log" 2>&1 &
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
before=$(cat "$out/current" 2>/dev/null || true)
mv "$fresh.new" "$fresh"
basename "$fresh" >"$out/current.new"
touch -r "$asked" "$out/current.new"      # what changed since the build began is newer than it
mv "$out/current.new" "$out/current"
# The build before this one may still be running somewhere; older ones go.
for folder in "$out"/*-*; do
  case $(basename "$folder") in "$before" | "$(basename "$fresh")") ;; *) rm -rf "$folder" ;; esac
done
echo "Built in $((SECONDS - start)) s." >&2
