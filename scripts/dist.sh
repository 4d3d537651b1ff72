#!/bin/sh
# Writes the release files to target/dist: the module $1 as plugin.wasm, the list of its crates (CycloneDX), and their
# checksums.
set -eu
cd "$(dirname "$0")/.."
module=$1
target=${CARGO_TARGET_DIR:-$PWD/target}
dist=$target/dist
tools=$target/tools

if ! command -v cargo-cyclonedx >/dev/null && [ ! -x "$tools/bin/cargo-cyclonedx" ]; then
    echo "installing cargo-cyclonedx into $tools" >&2
    cargo install --quiet --locked cargo-cyclonedx --root "$tools"
fi
PATH=$tools/bin:$PATH

rm -rf "$dist"
mkdir -p "$dist"
cp "$module" "$dist/plugin.wasm"
# The tool writes next to Cargo.toml. The local path of the crate is removed from its output.
cargo cyclonedx --quiet --format json --target wasm32-wasip1 --override-filename plugin.cdx
sed "s|path+file://$PWD#|#|g" plugin.cdx.json >"$dist/plugin.cdx.json"
rm -f plugin.cdx.json tool/plugin.cdx.json
(cd "$dist" && sha256sum plugin.wasm plugin.cdx.json >SHA256SUMS)
ls -l "$dist"
