#!/bin/sh
# Runs the fuzz target $1 (a file in fuzz/fuzz_targets) for $2 seconds. It starts with the documents of the examples. The
# build has no sanitizer, so it finds only panics and timeouts, and needs only stable Rust.
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

# The documents, conditions and paths of the examples, one file for each.
mkdir -p "$target/corpus/$name" "$target/seeds/$name"
documents=$(find examples tests/bundles -name '*.xml')
seed_elements() {
    # shellcheck disable=SC2086
    sed -n "s:.*<$1>\\(.*\\)</$1>.*:\\1:p" $documents | sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g' | sort -u |
        awk -v folder="$target/seeds/$name" -v kind="$1" '{ printf "%s", $0 > (folder "/" kind "-" NR) }'
}
case $name in
policy | xml | xpath)
    for file in $documents; do
        cp "$file" "$target/seeds/$name/$(echo "$file" | tr / -)"
    done
    ;;
esac
case $name in
policy | condition) seed_elements Condition ;;
esac
case $name in
policy | template) seed_elements Template && seed_elements Payload && seed_elements URL ;;
json_path) seed_elements JSONPath ;;
xpath) seed_elements XPath ;;
parameters) seed_elements URL ;;
request | transaction) find examples -name '*.http' -exec cp {} "$target/seeds/$name/" \; ;;
configuration)
    for bundle in weather shop; do
        python3 -c '
import json, sys
policies = [open(path).read() for path in sys.argv[1:]]
print(json.dumps({"policies": policies, "clusters": {"*": "any"}, "filter_state": ["*"]}))
' "examples/$bundle/apiproxy/policies"/*.xml >"$target/seeds/$name/$bundle.json"
    done
    ;;
esac
cd "$target"
exec "$target/$host/release/$name" -max_total_time="$seconds" -max_len=16384 "corpus/$name" "seeds/$name"
