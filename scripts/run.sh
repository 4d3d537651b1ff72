#!/bin/sh
# Starts Envoy with examples/$1/envoy.yaml and shows what to try. `make run` sets $ENVOY. Ctrl-C stops it.
set -eu
cd "$(dirname "$0")/.."
example=examples/$1
admin=http://127.0.0.1:9901

[ -f "$example/envoy.yaml" ] || {
    echo "there is no example $1; there are: $(ls examples | tr '\n' ' ')" >&2
    exit 2
}
"$ENVOY" --config-path "$example/envoy.yaml" --use-dynamic-base-id --log-level warning --component-log-level wasm:info &
envoy=$!
trap 'kill $envoy 2>/dev/null; wait $envoy 2>/dev/null || true' INT TERM EXIT

tries=0
until python3 -c "import urllib.request as u; u.urlopen('$admin/ready', timeout=1)" 2>/dev/null; do
    kill -0 $envoy 2>/dev/null || { echo "Envoy did not start; its log above says why" >&2; exit 1; }
    tries=$((tries + 1))
    [ $tries -lt 60 ] || { echo "Envoy is not ready after a minute" >&2; exit 1; }
    sleep 1
done
printf '\nEnvoy runs %s. Try in another terminal:\n\n' "$example/envoy.yaml"
cat "$example/try.sh"
printf '\nCtrl-C stops it. Envoy logs below.\n\n'
wait $envoy
