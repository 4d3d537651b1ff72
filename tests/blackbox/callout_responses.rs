//! Responses to callouts: statuses, protocols and framings.

use serde_json::json;

use crate::fault::{assert_execution_failed, execution_failed};
use crate::lab::{Cluster, Lab, Listener, Message, MockResponse, Received, Setup};
use crate::policy::ServiceCallout;

const STATE: [&str; 5] =
    ["servicecallout.SC-1.failed", "fault.name", "error.message", "userResp.status.code", "userResp.content"];

fn callout() -> ServiceCallout {
    ServiceCallout::new("SC-1", "http://users.test/api").response("userResp")
}

/// The response is a success with this status and body.
fn success(
    lab: &mut Lab,
    name: &str,
    callout: ServiceCallout,
    (status, body): (&'static str, &'static str),
    prepare: impl FnOnce(&mut Setup<'_>) -> String,
) {
    lab.case(name, move |setup| {
        let configuration = callout.served_by(&prepare(setup));
        let site = setup.listener(Listener::new(configuration).log_state(&STATE));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            assert_eq!(site.upstream().heads(), 1);
            let logged = site.logged().await;
            assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("false"));
            assert_eq!(logged.state("userResp.status.code"), Some(status));
            // An empty value is published, but in the access log it looks like a missing one.
            assert_eq!(logged.state("userResp.content").unwrap_or_default(), body);
            assert_eq!((logged.state("fault.name"), logged.state("error.message")), (None, None));
        }
    });
}

/// The status of the response is an error: the client gets a fault, and policies can still read the response.
fn error_status(lab: &mut Lab, name: &str, callout: ServiceCallout, status: u16) {
    lab.case(name, move |setup| {
        let backend = setup.backend(move |_: &Received| MockResponse::json(status, r#"{"e":"x"}"#));
        let site = setup.listener(Listener::new(callout.served_by(backend.cluster())).log_state(&STATE));
        move || async move {
            let reason = format!("ResponseCode {status} is treated as error");
            assert_execution_failed(&site.get("/").await, "SC-1", &reason);
            assert_eq!((backend.heads(), site.upstream().heads()), (1, 0));
            let logged = site.logged().await;
            assert_eq!(logged.state("servicecallout.SC-1.failed"), Some("true"));
            assert_eq!(logged.state("fault.name"), Some("ExecutionFailed"));
            assert_eq!(logged.state("error.message"), Some(execution_failed("SC-1", &reason).as_str()));
            assert_eq!(logged.state("userResp.status.code"), Some(status.to_string().as_str()));
            assert_eq!(logged.state("userResp.content"), Some(r#"{"e":"x"}"#));
        }
    });
}

pub fn cases(lab: &mut Lab) {
    framings(lab);

    for status in [200, 201, 302] {
        success(lab, &format!("status_{status}"), callout(), (digits(status), "body"), move |setup| {
            setup.backend(move |_: &Received| MockResponse::text(status, "body")).cluster().to_owned()
        });
    }
    // Envoy also uses 503 and 504 when there is no response. These came from the server.
    for status in [400, 404, 500, 502, 503, 504] {
        error_status(lab, &format!("status_{status}"), callout(), status);
    }

    let tolerant = || callout().property("success.codes", "2xx, 404 ,5xx,");
    for status in [200, 404, 503, 504] {
        success(lab, &format!("tolerated_{status}"), tolerant(), (digits(status), "body"), move |setup| {
            setup.backend(move |_: &Received| MockResponse::text(status, "body")).cluster().to_owned()
        });
    }
    // The list replaces the default one.
    error_status(lab, "not_tolerated_301", tolerant(), 301);
    error_status(lab, "not_tolerated_403", tolerant(), 403);
    error_status(lab, "only_400_is_success", callout().property("success.codes", "400"), 200);
}

fn framings(lab: &mut Lab) {
    for status in [204, 304] {
        success(lab, &format!("status_{status}"), callout(), (digits(status), ""), move |setup| {
            setup.backend(move |_: &Received| MockResponse::status(status)).cluster().to_owned()
        });
    }
    success(lab, "head", callout().set("<Verb>HEAD</Verb>"), ("200", ""), |setup| {
        setup.backend(|_: &Received| MockResponse::text(200, "never sent")).cluster().to_owned()
    });
    success(lab, "chunked", callout(), ("200", "onetwo"), |setup| {
        let chunked = || MockResponse::status(200).pieces(["one", "two"], std::time::Duration::from_millis(50));
        setup.backend(move |_: &Received| chunked()).cluster().to_owned()
    });
    success(lab, "until_the_connection_closes", callout(), ("200", "to the end"), |setup| {
        let script = |mut wire: crate::lab::Wire| async move {
            wire.head().await;
            wire.write("HTTP/1.0 200 OK\r\n\r\nto the end").await;
        };
        setup.raw_backend(script).cluster().to_owned()
    });
    success(lab, "http2", callout(), ("200", "body"), |setup| {
        setup.backend_in(Cluster::new().h2(), |_: &Received| MockResponse::text(200, "body")).cluster().to_owned()
    });
    success(lab, "http2_trailers", callout(), ("200", "body"), |setup| {
        let response = |_: &Received| MockResponse::text(200, "body").trailer("x-sum", "4");
        setup.backend_in(Cluster::new().h2(), response).cluster().to_owned()
    });
    success(lab, "http1_trailers", callout(), ("200", "body"), |setup| {
        let script = |mut wire: crate::lab::Wire| async move {
            wire.head().await;
            wire.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx-sum: 4\r\n\r\n").await;
            wire.hang().await;
        };
        setup.raw_backend_in(Cluster::new().h1_trailers(), script).cluster().to_owned()
    });
    success(lab, "informational_first", callout(), ("200", "body"), |setup| {
        let script = |mut wire: crate::lab::Wire| async move {
            wire.head().await;
            wire.write("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody").await;
            wire.hang().await;
        };
        setup.raw_backend(script).cluster().to_owned()
    });

    lab.case("http2_request", |setup| {
        let backend = setup.echo_in(Cluster::new().h2());
        let policy = callout().set(
            r#"<Verb>POST</Verb><Headers><Header name="X-Mixed-Case">1</Header><Header name="TE">gzip</Header></Headers>
               <Payload contentType="text/plain">hello</Payload>"#,
        );
        let mut configuration = policy.served_by(backend.cluster());
        configuration["trace_headers"] = json!(false);
        let site = setup.listener(Listener::new(configuration).log_state(&STATE));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let call = backend.only_request();
            assert_eq!(call.version, hyper::Version::HTTP_2);
            assert_eq!((call.method.as_str(), call.authority.as_str()), ("POST", "users.test"));
            assert_eq!((call.path_and_query.as_str(), call.text()), ("/api", "hello"));
            assert_eq!((call.header("x-mixed-case"), call.header("te")), (Some("1"), None));
            assert_eq!(site.filter_state("userResp.content").await.as_deref(), Some("hello"));
        }
    });
}

fn digits(status: u16) -> &'static str {
    status.to_string().leak()
}
