# A good call: the callout's answer becomes the header X-Place of the request to Apigee's mock target.
curl -i "http://127.0.0.1:8080/weather/json?code=7"
