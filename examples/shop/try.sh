# An item: the stock is in the header X-Stock of the request to the catalogue, which returns it.
curl -i "http://127.0.0.1:10000/shop/items/7"

# An item whose stock is unknown: the callout's 404 is a fault, and a fault rule makes the response.
curl -i "http://127.0.0.1:10000/shop/items/8"

# An order: SC-Risk sends a Google ID token. A mock accepts the order.
curl -i -X POST -H "X-Customer: c1" "http://127.0.0.1:10000/shop/orders"

# The price service of a partner: the request names its host.
curl -i -H "X-Partner: p1" "http://127.0.0.1:10000/shop/partners/p1/items/7"
