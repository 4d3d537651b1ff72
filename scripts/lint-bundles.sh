#!/bin/sh
# Checks the example bundles with Google's linter. Without npx, the check is skipped.
set -eu
cd "$(dirname "$0")/.."

command -v npx >/dev/null || { echo "skipped: npx is not installed, the example bundles are not linted" >&2; exit 0; }
find examples -type d \( -name apiproxy -o -name sharedflowbundle \) | sort | while read -r bundle; do
    echo "$bundle" >&2
    npx --yes apigeelint@2 --profile apigeex --path "$bundle" --formatter unix.js
done
