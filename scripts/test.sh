#!/bin/sh
# Runs all checks of a change. `make test` sets $ENVOY and $CALLOUT_WASM.
set -eu
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*" >&2; "$@"; }

step cargo fmt --check
step cargo clippy --all-targets -- -D warnings
# `--all-targets` leaves out tests that run only on request.
step cargo clippy --test soak -- -D warnings
step cargo clippy --lib --target wasm32-wasip1 -- -D warnings
"$ENVOY" --version >&2
step cargo test --no-fail-fast
step cargo test --quiet --test soak -- --seconds 60
step scripts/lint-bundles.sh
step scripts/schemas.sh
