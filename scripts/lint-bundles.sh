#!/bin/sh
# Google's own linter has nothing against the example bundles. Without npx there is nothing to run it with.
set -eu
cd "$(dirname "$0")/.."

command -v npx >/dev/null || { echo "no npx: the example bundles are not linted" >&2; exit 0; }
find examples -type d \( -name apiproxy -o -name sharedflowbundle \) | sort | while read -r bundle; do
    echo "$bundle" >&2
    npx --yes apigeelint@2 --profile apigeex --path "$bundle" --formatter unix.js
done
