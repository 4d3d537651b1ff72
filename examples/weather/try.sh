# A successful call: the filter sets the header X-Place from the callout's response. Apigee's mock target receives it.
curl -i "http://127.0.0.1:8080/weather/json?code=7"
