#!/bin/sh
# Runs all checks of a change. `make test` sets $ENVOY, $CALLOUT_WASM and $CALLOUT_NATIVE.
set -eu
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*" >&2; "$@"; }

step cargo fmt --check
step cargo clippy --all-targets -- -D warnings
step cargo clippy -p envoy-callout --lib --target wasm32-wasip1 -- -D warnings
"$ENVOY" --version >&2
step cargo test --no-fail-fast
step env HOST=native cargo test --no-fail-fast --test blackbox
step cargo test --quiet --test soak -- --seconds 60
step scripts/lint-bundles.sh
step scripts/schemas.sh
