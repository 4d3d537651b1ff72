//! Predefined variables, in both flows.

use super::caches::Session;
use super::*;
use bytes::Bytes;

/// The expanded templates in both flows.
fn reported(templates: &[&str], host: &Scripted) -> [Vec<String>; 2] {
    let headers: String =
        templates.iter().enumerate().map(|(at, text)| format!("<Header name='x-{at}'>{text}</Header>")).collect();
    let report = format!("<AssignMessage name='AM'><Set><Headers>{headers}</Headers></Set></AssignMessage>");
    let done = host.run(&plan(&json!({"policies": [report], "request": ["AM"], "response": ["AM"]})));
    [Direction::Request, Direction::Response].map(|direction| {
        let changes = done.changes(direction);
        changes.iter().map(|change| change.split_once(": ").unwrap().1.to_owned()).collect()
    })
}

fn client(headers: &[(&str, &str)], attributes: &[(&str, &'static str)]) -> Scripted {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), Bytes::from_static(value.as_bytes())));
    let host = Scripted::client("GET", "/v1/a?b=1", headers).with_response("200", &[], "");
    Scripted { attributes: attributes.collect(), ..host }
}

#[test]
fn the_scheme_is_known_in_both_flows() {
    let host = client(&[], &[]);
    let expected = ["http", "http://client.test/v1/a?b=1"].map(str::to_owned).to_vec();
    assert_eq!(reported(&["{client.scheme}", "{proxy.url}"], &host), [expected.clone(), expected]);
}

#[test]
fn the_node_is_among_the_attributes_of_xds() {
    let host = client(&[], &[("xds.node.id", "node-1"), ("xds.node.locality.region", "eu")]);
    let expected = ["node-1", "node-1", "eu"].map(str::to_owned).to_vec();
    let templates = ["{system.uuid}", "{system.pod.name}", "{system.region.name}"];
    assert_eq!(reported(&templates, &host), [expected.clone(), expected]);
}

#[test]
fn a_worker_without_a_node_has_a_uuid_of_its_own() {
    let mut made = Vec::new();
    // Each session is a worker.
    for attributes in [&[][..], &[("xds.node.id", "")]] {
        let configuration = json!({
            "policies": ["<AssignMessage name='AM'><Set><Headers><Header name='x'>{system.uuid}</Header></Headers></Set></AssignMessage>"],
        });
        let mut session = Session::new(&configuration);
        let mut send = |time: u64| {
            let host = Scripted { is_random: true, ..client(&[], attributes) };
            session.send(time, host).done.borrow().changes(Direction::Request)
        };
        let first = send(1);
        let lengths: Vec<_> = first.concat().split('-').map(str::len).collect();
        assert_eq!((first.len(), lengths), (1, vec!["x: ".len() + 8, 4, 4, 4, 12]), "{first:?}");
        assert_eq!(send(2), first);
        made.push(first);
    }
    assert_ne!(made[0], made[1]);
    assert_eq!(reported(&["{system.pod.name:none}"], &client(&[], &[])).concat(), ["none", "none"]);
}

/// `request.version` is the HTTP version of the client (docs/apigee-semantics.md 8.2).
#[test]
fn the_version_is_that_of_the_client() {
    for (protocol, version) in
        [("HTTP/1.0", "1.0"), ("HTTP/1.1", "1.1"), ("HTTP/2", "2.0"), ("HTTP/3", "3.0"), ("", "1.1"), ("HTTP/", "1.1")]
    {
        let host = client(&[], &[("request.protocol", protocol)]);
        let [request, response] = reported(&["{request.version} {message.version}"], &host);
        assert_eq!(request, [format!("{version} {version}")], "{protocol}");
        assert_eq!(response, [format!("{version} 1.1")], "{protocol}");
    }
}

#[test]
fn the_target_is_without_its_port() {
    for (address, target) in [("192.0.2.1:8080", "192.0.2.1"), ("[2001:db8::1]:443", "2001:db8::1")] {
        let host = client(&[], &[("upstream.address", address)]);
        let [_, response] = reported(&["{target.host:none} {target.ip:none}"], &host);
        assert_eq!(response, [format!("{target} {target}")]);
    }
}

#[test]
fn a_request_without_id_gets_one() {
    let made = "07070707-0707-4707-8707-070707070707";
    for (headers, attributes, id) in [
        (&[][..], &[][..], made),
        (&[("x-request-id", "")], &[], made),
        (&[], &[("request.id", "from-envoy")], "from-envoy"),
        (&[("x-request-id", "r-1")], &[], "r-1"),
    ] {
        let expected = vec![format!("{id} {id}")];
        assert_eq!(reported(&["{messageid} {messageid}"], &client(headers, attributes)), [expected.clone(), expected]);
    }
    let random = Scripted { is_random: true, ..client(&[], &[]) };
    let [request, response] = reported(&["{messageid}"], &random);
    assert_eq!(request, response);
    assert_ne!(request, [made]);
}
