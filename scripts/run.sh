#!/bin/sh
# Prints requests for examples/$1 and runs it with the tool $TOOL: its envoy.yaml, otherwise the bundle with its shared
# flows, environment and mocks. Further arguments are options of `run`. `make run` sets $TOOL, $ENVOY and $CALLOUT_WASM.
# Ctrl-C stops it.
set -eu
cd "$(dirname "$0")/.."
name=$1
shift
example=examples/$name

[ -d "$example" ] || {
    echo "unknown example $name; known examples: $(ls examples | tr '\n' ' ')" >&2
    exit 2
}
if [ -f "$example/try.sh" ]; then
    printf '\nWhen Envoy is ready, run in another terminal:\n\n'
    cat "$example/try.sh"
    echo
fi
if [ -f "$example/envoy.yaml" ]; then
    set -- "$example/envoy.yaml" "$@"
else
    set -- "$example" "$@"
    for inner in "$example"/*/sharedflowbundle; do
        [ ! -d "$inner" ] || set -- "$@" "${inner%/sharedflowbundle}"
    done
    [ ! -f "$example/environment.yaml" ] || set -- "$@" --environment "$example/environment.yaml"
    [ ! -f "$example/mocks.yaml" ] || set -- "$@" --mocks "$example/mocks.yaml"
fi
exec "$TOOL" run "$@"
