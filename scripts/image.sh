#!/bin/sh
# Builds the image $1 from target/dist with $IMAGE_BUILDER, or else with the first of buildah, podman and docker that is
# installed. With --check, it only checks that one of them is installed.
set -eu
cd "$(dirname "$0")/.."
image=$1
dist=${CARGO_TARGET_DIR:-$PWD/target}/dist

for builder in ${IMAGE_BUILDER:-buildah podman docker}; do
    if command -v "$builder" >/dev/null; then
        [ "$image" != --check ] || exit 0
        exec "$builder" build --file envoy/Containerfile --tag "$image" "$dist"
    fi
done
echo "cannot build the image: install ${IMAGE_BUILDER:-buildah, podman or docker}" >&2
exit 1
