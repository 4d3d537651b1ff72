# A successful call: the filter sets the header X-Place from the callout's response. The upstream returns it.
curl -i "http://127.0.0.1:10000/weather/forecast?code=7"

# The callout's 404 is a fault, and a fault rule makes the response. Envoy does not call the upstream.
curl -i "http://127.0.0.1:10000/weather/forecast?code=00000"

# Without the parameter, the condition of the callout is false.
curl -i "http://127.0.0.1:10000/weather/forecast"
