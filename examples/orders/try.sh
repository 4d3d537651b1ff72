# An order of customer c1: two callouts, and the upstream receives the customer's name and the total.
curl -i -H "X-Customer: c1" "http://127.0.0.1:10000/v1/orders/7"

# The order of another customer: RF-Not-Yours raises a fault.
curl -i -H "X-Customer: c1" "http://127.0.0.1:10000/v1/orders/8"

# No such order: the callout's 404 is a fault, and a fault rule makes the response.
curl -i -H "X-Customer: c1" "http://127.0.0.1:10000/v1/orders/9"

# A null route: the response flow makes the response; Envoy calls no upstream.
curl -i "http://127.0.0.1:10000/v1/health"

# Outside the base path the filter does not change the request; Envoy's own route responds.
curl -i "http://127.0.0.1:10000/v2"
