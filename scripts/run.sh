#!/bin/sh
# Prints requests for examples/$1 and runs it with the tool $TOOL: its envoy.yaml, otherwise the bundle with its shared
# flows and environment. `make run` sets $TOOL, $ENVOY and $CALLOUT_WASM. Ctrl-C stops it.
set -eu
cd "$(dirname "$0")/.."
example=examples/$1

[ -d "$example" ] || {
    echo "unknown example $1; known examples: $(ls examples | tr '\n' ' ')" >&2
    exit 2
}
if [ -f "$example/try.sh" ]; then
    printf '\nWhen Envoy is ready, run in another terminal:\n\n'
    cat "$example/try.sh"
    echo
fi
if [ -f "$example/envoy.yaml" ]; then
    set -- "$example/envoy.yaml"
else
    set -- "$example"
    for inner in "$example"/*/sharedflowbundle; do
        [ ! -d "$inner" ] || set -- "$@" "${inner%/sharedflowbundle}"
    done
    [ ! -f "$example/environment.yaml" ] || set -- "$@" --environment "$example/environment.yaml"
fi
exec "$TOOL" run "$@"
