# The first request: a call for the token, and a call for the stock.
curl -i "http://127.0.0.1:10000/v1/orders?sku=A-1"

# The same again: both are in the cache, and no service is called.
curl -i "http://127.0.0.1:10000/v1/orders?sku=A-1"

# Another article: the token is in the cache, the stock is not.
curl -i "http://127.0.0.1:10000/v1/orders?sku=B-2"

# InvalidateCache removes the token: only the token is called for.
curl -i -H "X-New-Token: true" "http://127.0.0.1:10000/v1/orders?sku=A-1"

# Hits and misses of each lookup.
curl -s "http://127.0.0.1:9901/stats?filter=cache.(hit|miss)"
