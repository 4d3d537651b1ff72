# An integration in mid-flow: it computes a risk score, and the upstream receives it.
curl -i "http://127.0.0.1:10000/v1/orders?account=A9&amount=250"

# An integration in place of the upstream: the response flow makes the client's response from its output. The
# number exceeds the exact range of JSON numbers and is unchanged.
curl -i "http://127.0.0.1:10000/v1/refunds/9007199254740993"

# An asynchronous integration: it is scheduled, and the client gets the id of its execution.
curl -i "http://127.0.0.1:10000/v1/reports?at=2026-01-15T01:30:15-08:00"

# A fault: the account does not exist. Application Integration responds with 404.
curl -i "http://127.0.0.1:10000/v1/orders?account=nobody&amount=250"

# Another fault, before anything is sent: the amount is not an integer.
curl -i "http://127.0.0.1:10000/v1/orders?account=A9&amount=some"

# All requests used one token: the metadata server received one request.
curl -s "http://127.0.0.1:9901/stats?filter=^cluster.metadata.upstream_rq_200"
