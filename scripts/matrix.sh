#!/bin/sh
# Runs the black-box tests of the module $1 with each of the other arguments as version of Envoy. Prints a line for each
# version, and fails when one of them fails.
set -eu
cd "$(dirname "$0")/.."
module=$1
shift
# Another Envoy would be the same for every version.
unset ENVOY

results=
exit_status=0
for version in "$@"; do
    envoy=$(ENVOY_VERSION=$version scripts/envoy.sh)
    printf '\n== Envoy %s\n' "$version" >&2
    if ENVOY=$envoy CALLOUT_WASM=$module cargo test --test blackbox; then
        results="$results\n$version passed"
    else
        results="$results\n$version failed"
        exit_status=1
    fi
done
printf '\nblack-box tests%b\n' "$results"
exit $exit_status
