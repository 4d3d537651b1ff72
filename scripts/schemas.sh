#!/bin/sh
# Checks the rendered resources for Istio and Envoy Gateway against the published schemas. Without npm, it is skipped.
set -eu
cd "$(dirname "$0")/.."

command -v npm >/dev/null || { echo "skipped: npm is not installed, rendered resources are not checked against schemas" >&2; exit 0; }
modules=${CARGO_TARGET_DIR:-$PWD/target}/schemas
mkdir -p "$modules"
npm install --silent --no-audit --no-fund --prefix "$modules" \
    @kubernetes-models/istio@3 @kubernetes-models/gateway-api@2 yaml@2 >&2

rendered=$modules/rendered
mkdir -p "$rendered"
for format in istio envoy-gateway; do
    cargo run --quiet -p envoy-callout-tool -- render examples/weather --format $format >"$rendered/weather-$format.yaml"
    cargo run --quiet -p envoy-callout-tool -- render examples/shop examples/shop/trace --environment examples/shop/environment.yaml \
        --format $format >"$rendered/shop-$format.yaml" 2>/dev/null
done
node scripts/schemas.mjs "$modules/node_modules" "$rendered"/*.yaml
