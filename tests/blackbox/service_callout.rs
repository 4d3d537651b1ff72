//! ServiceCallout in a real Envoy.

use serde_json::json;

use crate::lab::{Answer, Lab, Listener, Received};

/// The documentation's first geocoding sample, as it stands there.
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

pub fn cases(lab: &mut Lab) {
    lab.case("geocoding_1", |setup| {
        let maps = setup.backend(|_: &Received| Answer::json(200, r#"{"status":"OK"}"#));
        let site = setup.listener(
            Listener::new(json!({
                "policies": [GEOCODING_1],
                "clusters": {"http://maps.googleapis.com": maps.cluster()},
            }))
            .log_state(&["GeocodingResponse.content", "GeocodingResponse.status.code"]),
        );
        move || async move {
            let answer = site.get("/near?postalcode=94%20043&country=US").await;
            assert_eq!(answer.status, 200);
            let call = maps.only_request();
            assert_eq!(call.method, "GET");
            assert_eq!(call.path_and_query, "/maps/api/geocode/json?address=94%20043&region=US&sensor=false");
            assert_eq!(call.authority, "maps.googleapis.com");
            assert_eq!(site.upstream().only_request().path_and_query, "/near?postalcode=94%20043&country=US");
            let logged = site.logged().await;
            assert_eq!(logged.state("GeocodingResponse.content"), Some(r#"{"status":"OK"}"#));
            assert_eq!(logged.state("GeocodingResponse.status.code"), Some("200"));
        }
    });
}
