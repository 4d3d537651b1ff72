use super::*;
use crate::configuration::Configuration;
use crate::environment::AnyCluster;
use serde_json::json;

/// The text, the line and the column of a problem.
type Problem = (String, (u32, u32));

fn read_text(text: &str) -> Result<Environment, Vec<Problem>> {
    let source = Rc::new(Source::new("environment.yaml".to_owned(), text.as_bytes()).0);
    let problem = |finding: Finding| {
        let position = finding.position.map(|at| (at.line, at.column)).unwrap_or_default();
        (finding.text, position)
    };
    read(&source).map_err(|findings| findings.into_iter().map(problem).collect())
}

#[test]
fn an_environment_is_typed() {
    let text = "organization: acme\n\
                target_servers:\n  a: {host: 10.0.0.1, port: 80}\n\
                property_sets:\n  limits: {most: 5, name: x, empty: \"\", version: 1.10, code: 007, on: yes, big: 123456789012345678901}\n\
                properties: {kvm.key: secret}\n\
                google: {}\n\
                tls:\n";
    let environment = read_text(text).unwrap();
    let server = environment.target_servers.get("a").unwrap();
    assert_eq!((server.port, server.tls, server.enabled), (80, false, true));
    let constants = json!(environment.constants());
    let expected = json!({
        "propertyset.limits.most": "5", "propertyset.limits.name": "x", "propertyset.limits.empty": "",
        "propertyset.limits.version": "1.10", "propertyset.limits.code": "007", "propertyset.limits.on": "yes",
        "propertyset.limits.big": "123456789012345678901", "kvm.key": "secret",
    });
    assert_eq!(constants, expected);
    let mut configuration = Configuration::default();
    environment.apply(&mut configuration, &AnyCluster);
    assert_eq!(configuration.to_value().get("google"), Some(&json!({"metadata_cluster": "any"})));
    assert!(read_text("# nothing\n").unwrap().google.is_none());
    assert!(read_text("").unwrap().google.is_none());
}

#[test]
fn anchors_and_merge_keys_are_read() {
    let text = "target_servers:\n  a: &a {host: x, port: 80, tls: yes}\n  b: *a\n  c: {<<: *a, port: 81}\n";
    let servers = read_text(text).unwrap().target_servers;
    let found: Vec<_> = servers.values().map(|server| (server.host.as_str(), server.port, server.tls)).collect();
    assert_eq!(found, [("x", 80, true), ("x", 80, true), ("x", 81, true)]);
}

#[test]
fn problems_have_messages_and_positions() {
    let cases = [
        ("targetservers: {}\n", "unknown key targetservers; did you mean target_servers?", (1, 1)),
        ("organisation: x\n", "unknown key organisation; did you mean organization?", (1, 1)),
        (
            "target_servers:\n  a: {host: b, port: 80, enable: true}\n",
            "unknown key target_servers.a.enable; did you mean enabled?",
            (2, 26),
        ),
        ("properties:\n  a: 1\n  b: null\n", "properties.b has no value; write \"\" for an empty text", (3, 6)),
        ("property_sets: {s: {a: }}\n", "property_sets.s.a has no value; write \"\" for an empty text", (1, 22)),
        ("target_servers:\n  a: {host: b}\n", "target_servers.a.port is missing", (2, 6)),
        (
            "target_servers:\n  a: {host: b, port: http}\n",
            "target_servers.a.port must be an integer from 1 to 65535, not \"http\"",
            (2, 22),
        ),
        (
            "target_servers:\n  a: {host: b, port: 80, tls: 1}\n",
            "target_servers.a.tls must be true or false, not \"1\"",
            (2, 31),
        ),
        ("target_servers: [a]\n", "target_servers must be an object, not a list", (1, 17)),
        ("local_proxies: {}\n", "local_proxies must be a list, not an object", (1, 16)),
        ("local_proxies: [{}]\n", "local_proxies[0].base_path is missing", (1, 17)),
        ("allowed_hosts: [[a]]\n", "allowed_hosts[0] must be a text, not a list", (1, 17)),
        ("- a\n", "the environment file must be an object, not a list", (1, 1)),
        ("google: {}\ngoogle: {}\n", "duplicate key google", (2, 1)),
        ("google: {}\n---\ngoogle: {}\n", "an environment file has one document; this is the second one", (2, 1)),
    ];
    for (text, message, position) in cases {
        assert_eq!(read_text(text).unwrap_err(), [(message.to_owned(), position)], "{text}");
    }
    let broken = read_text("a: [1\nb: 2\n").unwrap_err();
    assert!(broken[0].0.starts_with("the environment file is not valid YAML: "), "{broken:?}");
}

#[test]
fn all_problems_are_reported_at_once() {
    let text = "organisation: x\ntarget_servers:\n  a: {host: b, port: 0}\n  c: {port: 80}\n";
    let expected = [
        ("unknown key organisation; did you mean organization?", (1, 1)),
        ("target_servers.a.port must be an integer from 1 to 65535, not \"0\"", (3, 22)),
        ("target_servers.c.host is missing", (4, 6)),
    ];
    assert_eq!(read_text(text).unwrap_err(), expected.map(|(text, position)| (text.to_owned(), position)));
}
