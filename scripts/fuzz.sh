#!/bin/sh
# Runs the fuzz target $1 (configuration, policy, request, xml, xpath or json_path) for $2 seconds. The target
# `policy` starts with the bundles of the project. The build has no sanitizer, so it finds only panics and needs only
# stable Rust.
set -eu
cd "$(dirname "$0")/.."
name=$1
seconds=$2
target=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')

coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
coverage="$coverage -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
RUSTFLAGS="$coverage -Ccodegen-units=1" cargo build --quiet --release --manifest-path fuzz/Cargo.toml \
    --target "$host" --target-dir "$target" --bin "$name"

mkdir -p "$target/corpus/$name" "$target/seeds"
if [ "$name" = policy ]; then
    find examples tests/bundles -name '*.xml' | while read -r file; do
        cp "$file" "$target/seeds/$(echo "$file" | tr / -)"
    done
fi
cd "$target"
exec "$target/$host/release/$name" -max_total_time="$seconds" -max_len=16384 "corpus/$name" seeds
