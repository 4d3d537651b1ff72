//! The access log of requests and callouts: the format for Envoy (JSON), and the shown form of a line.

use envoy_callout::config;
use envoy_callout::policy::attributes::Attributes;
use envoy_callout::policy::{Callee, Policy};
use serde_json::{Map, Value, json};

/// Adds the URLs of callouts to `filter_state` of a filter configuration, for the access log.
pub(crate) fn publish_urls(configuration: &mut Value) {
    let Ok(loaded) = config::load(configuration.to_string().as_bytes()) else { return };
    let urls = loaded.plan.policies.iter().filter_map(|policy| match policy.callee()? {
        Callee::Service(callout) => Some(json!(&**callout.variables.target_url.name())),
        Callee::Integration(_) | Callee::SharedFlow(_) | Callee::Jwks(..) => None,
    });
    let Some(configuration) = configuration.as_object_mut() else { return };
    if let Some(published) = configuration.entry("filter_state").or_insert_with(|| json!([])).as_array_mut() {
        published.extend(urls);
    }
}

/// The access log for the requests of endpoints with the filter configurations.
pub(crate) fn access_log<'c>(configurations: impl Iterator<Item = &'c Value>) -> Value {
    let mut callouts = Map::new();
    for configuration in configurations {
        let Ok(loaded) = config::load(configuration.to_string().as_bytes()) else { continue };
        for policy in &loaded.plan.policies {
            callouts.extend(callout(policy));
        }
    }
    json!({
        "name": "envoy.access_loggers.stdout",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
            "log_format": {"json_format": {
                "callout_request": "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
                "status": "%RESPONSE_CODE%",
                "milliseconds": "%DURATION%",
                "fault": "%FILTER_STATE(wasm.fault.name:PLAIN)%",
                "reason": "%FILTER_STATE(wasm.error.message:PLAIN)%",
                "callouts": callouts,
            }},
        },
    })
}

/// The access-log fields of a callout policy, from filter state. A name with `%`, `(` or `)` would break the format.
fn callout(policy: &Policy) -> Option<(String, Value)> {
    let Attributes { kind, name, failed, .. } = policy.attributes();
    // Policies of tokens verify them without a call, or with a set of keys that requests share.
    let calls = matches!(policy.callee(), Some(Callee::Service(_) | Callee::Integration(_)));
    if !kind.has_metrics || !calls {
        return None;
    }
    let is_plain = |text: &str| !text.contains(['%', ')', '(']);
    let state = |variable: String| format!("%FILTER_STATE(wasm.{variable}:PLAIN)%");
    let response = policy.response().filter(|response| is_plain(response));
    is_plain(name).then(|| {
        let fields = json!({
            "url": state(format!("{}.{name}.target.url", kind.variables)),
            "failed": state(failed.to_string()),
            "status": response.map(|response| state(format!("{response}.status.code"))),
        });
        (name.to_string(), fields)
    })
}

/// The shown form of a line of the access log. `None` for any other line.
pub(super) fn readable(line: &str) -> Option<String> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let text = |value: &Value, key: &str| match value.get(key)? {
        Value::String(text) if text != "-" => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let request = text(&entry, "callout_request")?;
    let status = text(&entry, "status").unwrap_or_default();
    let mut shown = format!("{request} -> {status}, {} ms", text(&entry, "milliseconds").unwrap_or_default());
    for (name, callout) in entry.get("callouts").and_then(Value::as_object).into_iter().flatten() {
        // A policy that did not run has no filter state.
        let Some(failed) = text(callout, "failed") else { continue };
        let url = text(callout, "url").map(|url| format!(" {url}")).unwrap_or_default();
        let outcome = match (text(callout, "status"), failed == "true") {
            (Some(status), false) => status,
            (Some(status), true) => format!("{status}, failed"),
            (None, true) => "failed".to_owned(),
            (None, false) => "sent".to_owned(),
        };
        shown.push_str(&format!("\n  {name}{url} -> {outcome}"));
    }
    if let Some(fault) = text(&entry, "fault") {
        let reason = text(&entry, "reason").unwrap_or_default();
        shown.push_str(&format!("\n  fault {fault}: {reason}"));
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_urls_of_callouts_are_published() {
        let callout = "<ServiceCallout name='SC'><HTTPTargetConnection><URL>http://a.test/</URL></HTTPTargetConnection></ServiceCallout>";
        let with = |published: Option<Value>| {
            let mut configuration = json!({"policies": [callout], "clusters": {"*": "a"}});
            if let Some(published) = published {
                configuration["filter_state"] = published;
            }
            publish_urls(&mut configuration);
            configuration["filter_state"].clone()
        };
        assert_eq!(with(None), json!(["servicecallout.SC.target.url"]));
        assert_eq!(with(Some(json!(["flow.*"]))), json!(["flow.*", "servicecallout.SC.target.url"]));
    }

    #[test]
    fn only_policies_with_a_call_have_a_line() {
        let policies = [
            "<ServiceCallout name='SC'><HTTPTargetConnection><URL>http://a.test/</URL></HTTPTargetConnection></ServiceCallout>",
            "<VerifyJWT name='VJ'><Algorithm>HS256</Algorithm><SecretKey><Value ref='private.key'/></SecretKey></VerifyJWT>",
            "<VerifyJWT name='VJ-Keys'><Algorithm>RS256</Algorithm><PublicKey><JWKS uri='http://a.test/keys'/></PublicKey></VerifyJWT>",
        ];
        let configuration = json!({"policies": policies, "clusters": {"*": "a"}});
        assert!(config::load(configuration.to_string().as_bytes()).is_ok());
        let log = access_log(std::iter::once(&configuration));
        let callouts = log.pointer("/typed_config/log_format/json_format/callouts").and_then(Value::as_object).unwrap();
        assert_eq!(callouts.keys().collect::<Vec<_>>(), ["SC"]);
    }

    #[test]
    fn a_request_is_shown_with_its_executed_callouts() {
        let line = json!({
            "callout_request": "GET /near?zip=1", "status": 500, "milliseconds": 12,
            "fault": "ExecutionFailed", "reason": "Execution of ServiceCallout SC-2 failed.",
            "callouts": {
                "SC-1": {"url": "http://a.test/x", "failed": "false", "status": "200"},
                "SC-2": {"url": "http://b.test", "failed": "true", "status": null},
                "SC-3": {"url": null, "failed": null, "status": null},
            },
        });
        let shown = "GET /near?zip=1 -> 500, 12 ms\n  SC-1 http://a.test/x -> 200\n  SC-2 http://b.test -> failed\n  \
                     fault ExecutionFailed: Execution of ServiceCallout SC-2 failed.";
        assert_eq!(readable(&line.to_string()).as_deref(), Some(shown));
        for other in ["", "text", "{}", "[1]"] {
            assert_eq!(readable(other), None);
        }
    }
}
