//! Predefined variables as Envoy gives them, in both flows.

use serde_json::json;

use crate::lab::{Authority, Host, Lab, Listener, Message, Request};
use crate::policy::set;

/// The variables by number in headers `q-0`, `q-1`, … of the response for the request flow, `s-0`, … for its own.
const REPORTED: [&str; 9] = [
    "client.scheme",
    "proxy.url",
    "client.host",
    "system.uuid",
    "system.pod.name",
    "system.region.name",
    "target.host",
    "target.ip",
    "messageid",
];

fn configuration() -> serde_json::Value {
    let keep = |name: &str| {
        format!("<AssignVariable><Name>kept.{name}</Name><Template>{{{name}:none}}</Template></AssignVariable>")
    };
    let kept: String = REPORTED.into_iter().map(keep).collect();
    let report = |(number, name): (usize, &str)| {
        format!("<Header name='q-{number}'>{{kept.{name}}}</Header><Header name='s-{number}'>{{{name}:none}}</Header>")
    };
    let headers: String = REPORTED.into_iter().enumerate().map(report).collect();
    json!({
        "policies": [
            crate::policy::assign_message("AM-Keep", &kept),
            set("AM-Report", &format!("<Headers>{headers}</Headers>")),
        ],
        "request": ["AM-Keep"],
        "response": ["AM-Report"],
    })
}

fn reported(reply: &impl Message, flow: &str) -> Vec<String> {
    (0..REPORTED.len()).map(|number| reply.header(&format!("{flow}-{number}")).unwrap().to_owned()).collect()
}

pub fn cases(lab: &mut Lab) {
    lab.case("in_both_flows", |setup| {
        let site = setup.listener(Listener::new(configuration()));
        move || async move {
            let reply = site.send(Request::get("/v1/a?b=1").header("x-request-id", "r-1")).await;
            assert_eq!(reply.status, 200);
            let passed = site.upstream().only_request();
            let (host, id) = (passed.authority.as_str(), passed.header("x-request-id").unwrap());
            let url = format!("http://{host}/v1/a?b=1");
            // Dynamic modules have no access to the node.
            let is_native = Host::current().is_native();
            let (node, region) = if is_native { ("none", "none") } else { ("blackbox", "lab") };
            let values = reported(&reply, "q");
            let uuid = if is_native { values[3].as_str() } else { node };
            let groups: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert!(!is_native || groups == [8, 4, 4, 4, 12], "{uuid}");
            let expected = |target| ["http", &url, host, uuid, node, region, target, target, id];
            assert_eq!(values, expected("none"));
            assert_eq!(reported(&reply, "s"), expected("127.0.0.1"));
        }
    });

    lab.case("version_of_the_client", |setup| {
        let report = set("AM-Report", "<Headers><Header name='x-version'>{request.version}</Header></Headers>");
        let configuration = json!({"policies": [report], "request": [], "response": ["AM-Report"]});
        let listener = Listener::new(configuration).connection_manager(
            "http_protocol_options",
            json!({"accept_http_10": true, "default_host_for_http_10": "a"}),
        );
        let site = setup.listener(listener);
        move || async move {
            assert_eq!(site.get("/").await.header("x-version"), Some("1.1"));
            assert_eq!(site.send(Request::get("/").h2()).await.header("x-version"), Some("2.0"));
            let raw = site.raw("GET / HTTP/1.0\r\nhost: a\r\n\r\n").await;
            let text = String::from_utf8_lossy(&raw);
            assert!(text.contains("\r\nx-version: 1.0\r\n"), "{text}");
        }
    });

    // One part of a certificate's subject cannot imitate another part.
    lab.case("client_certificate", |setup| {
        let authority = Authority::new();
        let report =
            r#"<Headers><Header name="x-value">{client.cn} {client.scheme} {client.ssl.enabled}</Header></Headers>"#;
        let site = setup.listener(
            Listener::new(json!({"policies": [set("AM-Report", report)], "request": [], "response": ["AM-Report"]}))
                .tls(&authority.issue("site.test"), &authority),
        );
        move || async move {
            for (unit, name, reported) in [
                ("edge", "client", "client https true"),
                ("x, CN=admin", "client", "client https true"),
                ("x\\, CN=admin", "client", "client https true"),
                ("x+CN=admin", "client", "client https true"),
                ("edge", "/CN=client/OU=x, CN=admin", "/CN=client/OU=x, CN=admin https true"),
                ("edge", r#" "a"+<b>; "#, r#" "a"+<b>;  https true"#),
            ] {
                let reply = site.send_as(&authority.issue_person(unit, name), &authority, Request::get("/")).await;
                assert_eq!(
                    (reply.status, reply.header("x-value")),
                    (200, Some(reported.trim_start())),
                    "{unit} {name}"
                );
            }
        }
    });

    lab.case("message_id_without_request_id", |setup| {
        let listener = Listener::new(configuration()).connection_manager("generate_request_id", json!(false));
        let site = setup.listener(listener);
        move || async move {
            let mut made = Vec::new();
            for _ in 0..2 {
                let reply = site.get("/").await;
                let id = reported(&reply, "q").pop().unwrap();
                assert_eq!(reported(&reply, "s").pop().as_ref(), Some(&id));
                let groups: Vec<usize> = id.split('-').map(str::len).collect();
                assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
                assert!(id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()), "{id}");
                assert_eq!(site.upstream().requests().last().unwrap().header("x-request-id"), None);
                made.push(id);
            }
            assert_ne!(made[0], made[1]);
        }
    });
}
