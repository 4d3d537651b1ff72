#!/bin/sh
# Runs all checks of a change. `make test` sets $ENVOY, $CALLOUT_WASM and $CALLOUT_NATIVE.
set -eu
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*" >&2; "$@"; }

step cargo fmt --check
step cargo clippy --workspace --all-targets -- -D warnings
# `--all-targets` leaves out tests that run only on request.
step cargo clippy --test soak -- -D warnings
step cargo clippy -p envoy-callout -p envoy-callout-peer --lib --target wasm32-wasip1 -- -D warnings
"$ENVOY" --version >&2
step cargo test --workspace --no-fail-fast
# Older versions have no dynamic modules of this interface.
case $("$ENVOY" --version) in
    */1.3?.*) echo "skipped: the native module needs Envoy 1.40" >&2 ;;
    *)
        step env HOST=native cargo test --no-fail-fast --test blackbox
        step env HOST=native cargo test --quiet --test soak -- --seconds 30
        ;;
esac
step cargo test --quiet --test soak -- --seconds 60
step scripts/lint-bundles.sh
step scripts/schemas.sh
