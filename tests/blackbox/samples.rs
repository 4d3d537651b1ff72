//! The samples of the ServiceCallout documentation, unchanged.

use serde_json::json;

use crate::fault::assert_fault;
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};

const GEOCODING_1: &str = r#"<ServiceCallout name="ServiceCallout-GeocodingRequest1">
    <DisplayName>Inline request message</DisplayName>
    <Request variable="authenticationRequest">
      <Set>
        <QueryParams>
          <QueryParam name="address">{request.queryparam.postalcode}</QueryParam>
          <QueryParam name="region">{request.queryparam.country}</QueryParam>
          <QueryParam name="sensor">false</QueryParam>
        </QueryParams>
      </Set>
    </Request>
    <Response>GeocodingResponse</Response>
    <Timeout>30000</Timeout>
    <HTTPTargetConnection>
      <URL>http://maps.googleapis.com/maps/api/geocode/json</URL>
    </HTTPTargetConnection>
</ServiceCallout>"#;

const GEOCODING_2: &str = r#"<ServiceCallout name="ServiceCallout-GeocodingRequest2">
    <Request clearPayload="false" variable="GeocodingRequest"/>
    <Response>GeocodingResponse</Response>
    <Timeout>30000</Timeout>
    <HTTPTargetConnection>
      <URL>http://maps.googleapis.com/maps/api/geocode/json</URL>
    </HTTPTargetConnection>
</ServiceCallout>"#;

/// The documentation's fragment of a connection in a policy of its own.
fn connection(fragment: &str) -> String {
    format!(
        "<ServiceCallout name=\"Service-Callout-1\"><Response>calloutResponse</Response>{fragment}</ServiceCallout>"
    )
}

fn target(url: &str) -> String {
    connection(&format!("<HTTPTargetConnection><URL>{url}</URL></HTTPTargetConnection>"))
}

pub fn cases(lab: &mut Lab) {
    geocoding(lab);
    variable_urls(lab);

    lab.case("inline_json_post", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::json(200, "{}"));
        let policy = connection(
            r#"<Request>
  <Set>
    <Headers>
      <Header name="Accept">application/json</Header>
    </Headers>
    <Verb>POST</Verb>
    <Payload contentType="application/json">{"message":"my test message"}</Payload>
  </Set>
  <IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>
</Request>
<HTTPTargetConnection>
    <URL>http://example.com</URL>
</HTTPTargetConnection>"#,
        );
        let site = setup.listener(Listener::new(
            json!({"policies": [policy], "clusters": {"http://example.com": backend.cluster()}}),
        ));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let call = backend.only_request();
            assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("POST", "/"));
            assert_eq!(call.authority, "example.com");
            assert_eq!(call.header_all("accept"), ["application/json"]);
            assert_eq!(call.header_all("content-type"), ["application/json"]);
            assert_eq!(call.header_all("content-length"), ["29"]);
            assert_eq!(call.text(), r#"{"message":"my test message"}"#);
        }
    });

    lab.case("properties", |setup| {
        let backend = setup.backend(|_: &Received| MockResponse::json(200, "{}"));
        let policy = connection(
            r#"<HTTPTargetConnection>
    <URL>http://example.com</URL>
    <Properties>
        <Property name="allow.http10">true</Property>
        <Property name="request.retain.headers">
          User-Agent,Referer,Accept-Language
        </Property>
    </Properties>
</HTTPTargetConnection>"#,
        );
        let site = setup.listener(Listener::new(
            json!({"policies": [policy], "clusters": {"http://example.com": backend.cluster()}}),
        ));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(backend.only_request().path_and_query, "/");
        }
    });
}

fn geocoding(lab: &mut Lab) {
    lab.case("geocoding_1", |setup| {
        let maps = setup.backend(|_: &Received| MockResponse::json(200, r#"{"status":"OK"}"#));
        let site = setup.listener(
            Listener::new(json!({
                "policies": [GEOCODING_1],
                "clusters": {"http://maps.googleapis.com": maps.cluster()},
            }))
            .log_state(&["GeocodingResponse.content", "GeocodingResponse.status.code"]),
        );
        move || async move {
            let response = site.get("/near?postalcode=94%20043&country=US").await;
            assert_eq!(response.status, 200);
            let call = maps.only_request();
            assert_eq!(call.method, "GET");
            assert_eq!(call.path_and_query, "/maps/api/geocode/json?address=94%20043&region=US&sensor=false");
            assert_eq!(call.authority, "maps.googleapis.com");
            assert_eq!(
                call.header_names(),
                ["host", "x-envoy-expected-rq-timeout-ms", "x-envoy-internal", "x-request-id"]
            );
            assert_eq!(call.header("x-envoy-expected-rq-timeout-ms"), Some("30000"));
            assert!(call.body().is_empty());
            assert_eq!(site.upstream().only_request().path_and_query, "/near?postalcode=94%20043&country=US");
            let logged = site.logged().await;
            assert_eq!(logged.state("GeocodingResponse.content"), Some(r#"{"status":"OK"}"#));
            assert_eq!(logged.state("GeocodingResponse.status.code"), Some("200"));
        }
    });

    lab.case("geocoding_1_without_a_parameter", |setup| {
        let maps = setup.backend(|_: &Received| MockResponse::json(200, "{}"));
        let site = setup.listener(
            Listener::new(json!({
                "policies": [GEOCODING_1],
                "clusters": {"http://maps.googleapis.com": maps.cluster()},
            }))
            .log_state(&["fault.name", "servicecallout.ServiceCallout-GeocodingRequest1.failed"]),
        );
        move || async move {
            let response = site.get("/near?postalcode=94043").await;
            assert_fault(&response, "entities.UnresolvedVariable", "Unresolved variable : request.queryparam.country");
            assert_eq!((maps.heads(), site.upstream().heads()), (0, 0));
            let logged = site.logged().await;
            assert_eq!(logged.state("fault.name"), Some("UnresolvedVariable"));
            assert_eq!(logged.state("servicecallout.ServiceCallout-GeocodingRequest1.failed"), Some("true"));
        }
    });

    // Nothing sets GeocodingRequest, which is not a failure: a default GET is sent.
    lab.case("geocoding_2", |setup| {
        let maps = setup.backend(|_: &Received| MockResponse::json(200, r#"{"status":"OK"}"#));
        let site = setup.listener(
            Listener::new(json!({
                "policies": [GEOCODING_2],
                "clusters": {"http://maps.googleapis.com": maps.cluster()},
            }))
            .log_state(&["GeocodingResponse.content"]),
        );
        move || async move {
            assert_eq!(site.send(Request::post("/near?postalcode=1", "text/plain", "x")).await.status, 200);
            let call = maps.only_request();
            assert_eq!((call.method.as_str(), call.path_and_query.as_str()), ("GET", "/maps/api/geocode/json"));
            assert!(call.body().is_empty());
            assert_eq!(site.logged().await.state("GeocodingResponse.content"), Some(r#"{"status":"OK"}"#));
        }
    });
}

fn variable_urls(lab: &mut Lab) {
    lab.case("url_as_a_variable", |setup| {
        let backend = setup.echo();
        let site = setup.listener(Listener::new(json!({
            "policies": [target("http://example.com/{request.myResourcePath}")],
            "clusters": {"http://example.com": backend.cluster()},
            "properties": {"request.myResourcePath": "weather/today"},
        })));
        move || async move {
            assert_eq!(site.get("/elsewhere").await.status, 200);
            assert_eq!(backend.only_request().path_and_query, "/weather/today");
        }
    });

    lab.case("query_from_a_header", |setup| {
        let backend = setup.echo();
        let site = setup.listener(Listener::new(json!({
            "policies": [target("http://example.com/{request.resourcePath}?w=${request.header.woeid}")],
            "clusters": {"http://example.com": backend.cluster()},
            "properties": {"request.resourcePath": "forecastrss"},
        })));
        move || async move {
            assert_eq!(site.send(Request::get("/").header("WOEID", "12797282")).await.status, 200);
            assert_eq!(backend.only_request().path_and_query, "/forecastrss?w=12797282");
        }
    });

    lab.case("unresolved_variable_in_the_url", |setup| {
        let backend = setup.echo();
        let site = setup.listener(Listener::new(json!({
            "policies": [target("http://example.com/forecastrss?w=${request.header.woeid}")],
            "clusters": {"http://example.com": backend.cluster()},
        })));
        move || async move {
            let response = site.get("/").await;
            assert_fault(&response, "entities.UnresolvedVariable", "Unresolved variable : request.header.woeid");
            assert_eq!((backend.heads(), site.upstream().heads()), (0, 0));
        }
    });

    lab.case("domain_and_port_from_a_variable", |setup| {
        let backend = setup.echo();
        let urls = ["servicecallout.Service-Callout-1.target.url", "servicecallout.requesturi"];
        let site = setup.listener(
            Listener::new(json!({
                "policies": [target("http://{request.dom_port}/{request.resourcePath}")],
                "clusters": {"*": backend.cluster()},
                "properties": {"request.dom_port": "weather.example.com:8080", "request.resourcePath": "forecastrss"},
            }))
            .publish(&urls)
            .log_state(&urls),
        );
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let call = backend.only_request();
            assert_eq!(call.authority, "weather.example.com:8080");
            assert_eq!(call.path_and_query, "/forecastrss");
            let logged = site.logged().await;
            let url = "http://weather.example.com:8080/forecastrss";
            assert_eq!(logged.state("servicecallout.Service-Callout-1.target.url"), Some(url));
            assert_eq!(logged.state("servicecallout.requesturi"), Some("/forecastrss"));
        }
    });

    // The clusters of a case are numbered, so the port of the URL can name one.
    lab.case("cluster_from_the_port", |setup| {
        let (one, two) = (setup.echo(), setup.echo());
        let pattern = format!("{}{{port}}", one.cluster().strip_suffix('1').unwrap());
        let site = setup.listener(Listener::new(json!({
            "policies": [target("http://{request.header.target}/")],
            "clusters": {"*": pattern},
        })));
        move || async move {
            assert_eq!(site.send(Request::get("/").header("target", "a.test:2")).await.status, 200);
            assert_eq!((one.heads(), two.only_request().authority.as_str()), (0, "a.test:2"));
            assert_eq!(site.send(Request::get("/").header("target", "b.test:1")).await.status, 200);
            assert_eq!((one.only_request().authority.as_str(), two.heads()), ("b.test:1", 1));
        }
    });
}
