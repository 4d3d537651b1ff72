# An integration in mid-flow: it rates the order, and the upstream is told the score.
curl -i "http://127.0.0.1:10000/v1/orders?account=A9&amount=250"

# An integration in place of the upstream: the response flow makes the client's answer of what it put out. The number is
# larger than JSON's numbers are exact, and arrives as it is.
curl -i "http://127.0.0.1:10000/v1/refunds/9007199254740993"

# An asynchronous integration: it is scheduled, and the client gets the id of its execution.
curl -i "http://127.0.0.1:10000/v1/reports?at=2026-01-15T01:30:15-08:00"

# A fault: the integration does not know the account, Application Integration answers 404.
curl -i "http://127.0.0.1:10000/v1/orders?account=nobody&amount=250"

# Another fault, before anything is sent: the amount is no integer.
curl -i "http://127.0.0.1:10000/v1/orders?account=A9&amount=some"

# One token served all of it: the metadata server was asked once.
curl -s "http://127.0.0.1:9901/stats?filter=^cluster.metadata.upstream_rq_200"
