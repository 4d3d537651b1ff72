#!/bin/sh
# Writes the release files to target/dist: the module $1 as plugin.wasm, the list of its crates (CycloneDX), and their
# checksums.
set -eu
cd "$(dirname "$0")/.."
module=$1
dist=${CARGO_TARGET_DIR:-$PWD/target}/dist

rm -rf "$dist"
mkdir -p "$dist"
cp "$module" "$dist/plugin.wasm"
cargo metadata --format-version 1 --locked --filter-platform wasm32-wasip1 |
    python3 scripts/sbom.py envoy-callout "$dist/plugin.wasm" >"$dist/plugin.cdx.json"
(cd "$dist" && sha256sum plugin.wasm plugin.cdx.json >SHA256SUMS)
ls -l "$dist"
