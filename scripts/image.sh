#!/bin/sh
# Builds the image $1 from target/dist with buildah, podman or docker, whichever is there.
set -eu
cd "$(dirname "$0")/.."
image=$1
dist=${CARGO_TARGET_DIR:-$PWD/target}/dist

for builder in buildah podman docker; do
    if command -v $builder >/dev/null; then
        exec $builder build --file envoy/Containerfile --tag "$image" "$dist"
    fi
done
echo "an image needs buildah, podman or docker" >&2
exit 1
