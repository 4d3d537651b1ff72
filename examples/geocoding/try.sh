# A successful call: the filter has the geocoding response before Envoy calls the upstream, and publishes it in filter
# state.
curl -i "http://127.0.0.1:10000/near?postalcode=94043"

# A fault: the geocoding service responds with 404. The policy fails, and Envoy does not call the upstream.
curl -i "http://127.0.0.1:10000/near?postalcode=00000"

# Another fault, as XML: the template variable {request.queryparam.postalcode} does not resolve.
curl -i -H "Accept: application/xml" "http://127.0.0.1:10000/near"

# Fire and forget: SC-Log has no Response. Its service responds with 503 each time (see the log lines of the mock), and no
# request above waits for it.
curl -s "http://127.0.0.1:9901/stats?filter=callout.requests.policy.SC-Log"
