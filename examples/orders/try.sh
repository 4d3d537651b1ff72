# An order of customer c1: two callouts, and the upstream is told the customer's name and the total.
curl -i -H "X-Customer: c1" "http://127.0.0.1:10000/v1/orders/7"

# Somebody else's order: RF-Not-Yours raises a fault.
curl -i -H "X-Customer: c1" "http://127.0.0.1:10000/v1/orders/8"

# No such order: the callout's 404 is a fault, and a fault rule makes the answer.
curl -i -H "X-Customer: c1" "http://127.0.0.1:10000/v1/orders/9"

# A null route: the response flow answers, no upstream is asked.
curl -i "http://127.0.0.1:10000/v1/health"

# Outside the base path the filter does nothing; Envoy's own route answers.
curl -i "http://127.0.0.1:10000/v2"
