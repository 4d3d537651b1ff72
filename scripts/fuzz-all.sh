#!/bin/sh
# Runs every fuzz target for $1 seconds. Prints a line for each, and fails when one of them finds a panic.
set -u
cd "$(dirname "$0")/.."
seconds=$1

results=
exit_status=0
for target in fuzz/fuzz_targets/*.rs; do
    name=$(basename "$target" .rs)
    printf '\n== %s\n' "$name" >&2
    if scripts/fuzz.sh "$name" "$seconds"; then
        results="$results\n$name: nothing found"
    else
        results="$results\n$name: FOUND, see above"
        exit_status=1
    fi
done
printf '\nfuzz targets%b\n' "$results"
exit $exit_status
