//! What differs on the native host (docs/guide/native.md). The cases exist only there.

use std::time::Duration;

use crate::lab::{Gate, Host, Lab, Listener, Message, MockResponse, Received, Request, filter};
use crate::policy::ServiceCallout;

/// Enough for an event that must not happen.
const SOON: Duration = Duration::from_millis(300);

pub fn cases(lab: &mut Lab) {
    if Host::current().is_native() {
        streams(lab);
        headers(lab);
        filter_state(lab);
        panics(lab);
    }
}

fn streams(lab: &mut Lab) {
    // Envoy resets the callouts of a stream that ends.
    for (name, h2, flags) in [("ends_with_its_client", false, "DC"), ("ends_with_its_client_http2", true, "DR")] {
        lab.case(name, move |setup| {
            let gate = Gate::closed();
            let response = MockResponse::text(200, "late").held_by(&gate);
            let backend = setup.backend(move |_: &Received| response.clone());
            let policy = ServiceCallout::new(&format!("SC-native-{name}"), "http://a.test/").response("r");
            let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
            let admin = setup.admin();
            let active = format!("cluster.{}.upstream_rq_active", backend.cluster());
            move || async move {
                let request = || if h2 { Request::get("/").h2() } else { Request::get("/") };
                let exchange = site.start(request());
                backend.wait_for_heads(1).await;
                assert_eq!(admin.stat(&active).await, Some(1));
                exchange.disconnect().await;
                assert_eq!(site.logged().await.flags(), Some(flags));
                admin.wait_for_stat(&active, 0).await;
                gate.open();
                assert_eq!(site.send(request()).await.status, 200);
                assert_eq!(site.upstream().heads(), 1);
            }
        });
    }

    // No policy reads the body, so Envoy passes it on in parts, without a limit.
    lab.case("bodies_that_no_policy_reads_have_no_limit", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/").response("r");
        let site = setup
            .listener(Listener::new(policy.served_by(backend.cluster())).per_connection_buffer_limit_bytes(16 * 1024));
        move || async move {
            let body = "x".repeat(1 << 20);
            let response = site.send(Request::post("/", "text/plain", body.clone())).await;
            assert_eq!((response.status, response.body().len()), (200, body.len()));
            assert_eq!(site.upstream().only_request().body().len(), body.len());
        }
    });

    // A configuration needs no further setting for bodies.
    lab.case("bodies_need_no_setting", |setup| {
        let backend = setup.echo();
        let policy =
            ServiceCallout::new("SC-1", "http://a.test/").response("r").set("<Payload>{request.content}</Payload>");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())));
        move || async move {
            let response = site.send(Request::post("/", "text/plain", "hello")).await;
            assert_eq!((response.status, response.text()), (200, "hello"));
            assert_eq!(backend.only_request().text(), "hello");
            assert_eq!(site.module_log(), []);
        }
    });
}

fn headers(lab: &mut Lab) {
    // The other cases do not see this header, because the lab removes it.
    lab.case("callouts_have_the_address_of_envoy", |setup| {
        let backend = setup.raw_backend(|mut wire| async move {
            let head = wire.head().await;
            let forwarded = head.lines().find_map(|line| line.strip_prefix("x-forwarded-for: ")).unwrap_or("none");
            let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{forwarded}", forwarded.len());
            wire.write(response).await;
        });
        let policy = ServiceCallout::new("SC-1", "http://a.test/").response("r");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())).log_state(&["r.content"]));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let forwarded = site.filter_state("r.content").await.unwrap();
            assert!(forwarded.parse::<std::net::IpAddr>().is_ok(), "{forwarded}");
        }
    });
}

/// Both hosts read what the other one publishes.
fn filter_state(lab: &mut Lab) {
    for (name, native_is_first) in [("reads_state_of_the_wasm_module", false), ("is_read_by_the_wasm_module", true)] {
        lab.case(name, move |setup| {
            let users = setup.backend(|_: &Received| MockResponse::text(200, "acme"));
            let backend = setup.echo();
            let first = ServiceCallout::new("SC-Tenant", "http://users.test/").response("tenantResp");
            let second = ServiceCallout::new("SC-Use", "http://a.test/")
                .response("r")
                .set("<Verb>POST</Verb><Payload>{tenantResp.content} {tenantResp.status.code}</Payload>");
            let (first, second) = (first.served_by(users.cluster()), second.served_by(backend.cluster()));
            let (ours, theirs) = if native_is_first { (first, second) } else { (second, first) };
            let theirs =
                filter::wasm(&format!("native-{name}"), "callout", false, &filter::string_value(&theirs.to_string()));
            let listener = Listener::new(ours).log_state(&["tenantResp.content"]);
            let site = setup.listener(if native_is_first { listener.after(theirs) } else { listener.before(theirs) });
            move || async move {
                assert_eq!(site.get("/").await.status, 200);
                assert_eq!(backend.only_request().text(), "acme 200");
                assert_eq!(site.filter_state("tenantResp.content").await.as_deref(), Some("acme"));
            }
        });
    }
}

/// The body of the reply after a panic.
const INTERNAL: &str = r#"{"fault":{"faultstring":"Internal server error","detail":{"errorcode":"messaging.runtime.InternalServerError"}}}"#;

/// A filter of this name panics in the entry point that the header `x-panic` names.
const PANICS: &str = "callout_panic_test";

fn panics(lab: &mut Lab) {
    lab.case("a_panic_is_a_fault_of_one_request", |setup| {
        let backend = setup.echo();
        let policy = ServiceCallout::new("SC-1", "http://a.test/").response("r");
        let site = setup.listener(Listener::new(policy.served_by(backend.cluster())).plugin_name(PANICS));
        let admin = setup.admin();
        move || async move {
            let panics = "wasmcustom.callout.panics";
            let before = admin.stat(panics).await.unwrap_or(0);
            let mut count = 0;
            for (entry_point, status) in [
                ("request headers", 500),
                ("callout done", 500),
                ("response headers", 500),
                // The client has its response.
                ("stream complete", 200),
            ] {
                let response = site.send(Request::get("/").header("x-panic", entry_point)).await;
                count += 1;
                assert_eq!((entry_point, response.status), (entry_point, status));
                if status == 500 {
                    assert_eq!(
                        (response.header("content-type"), response.text()),
                        (Some("application/json"), INTERNAL)
                    );
                    assert_eq!(site.logged().await.details(), Some("callout_panic"), "{entry_point}");
                }
                admin.wait_for_stat(panics, before + count).await;
                // Envoy and the other streams go on.
                assert_eq!(site.get("/").await.status, 200);
            }
            let response = site.send(Request::post("/", "text/plain", "x").header("x-panic", "request body")).await;
            assert_eq!(response.status, 500);
            tokio::time::sleep(SOON).await;
            assert_eq!(site.get("/").await.status, 200);
        }
    });
}
