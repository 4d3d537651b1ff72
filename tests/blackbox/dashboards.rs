//! The dashboard and the alerts in `envoy/` use metrics and labels that Envoy shows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex_lite::Regex;
use serde_json::{Value, json};

use crate::lab::{Lab, Listener, Message, minor_version};
use crate::policy::ServiceCallout;

const CALLOUT: &str = "SC-dashboard";
const LOOKUP: &str = "LC-dashboard";

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("envoy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The expressions of a document, at any depth.
fn expressions(document: &Value) -> Vec<String> {
    match document {
        Value::Object(members) => {
            let own = members.get("expr").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(expressions)).collect()
        }
        Value::Array(items) => items.iter().flat_map(expressions).collect(),
        _ => Vec::new(),
    }
}

/// The samples of Envoy's output: names, and the labels of each line.
struct Samples<'o> {
    lines: Vec<(&'o str, &'o str)>,
}

impl<'o> Samples<'o> {
    fn of(output: &'o str) -> Samples<'o> {
        let lines = output.lines().filter(|line| !line.starts_with('#'));
        Samples { lines: lines.filter_map(|line| line.split_once('{')).collect() }
    }

    fn has_name(&self, name: &Regex) -> bool {
        self.lines.iter().any(|(other, _)| name.is_match(other))
    }

    fn has_label(&self, name: &str, label: &str) -> bool {
        self.lines.iter().any(|(other, labels)| *other == name && labels.contains(label))
    }
}

pub fn cases(lab: &mut Lab) {
    lab.case("metrics_and_labels_exist", |setup| {
        let backend = setup.echo();
        let configuration = json!({
            "policies": [
                format!("<LookupCache name='{LOOKUP}'><CacheKey><KeyFragment>k</KeyFragment></CacheKey><AssignTo>v</AssignTo></LookupCache>"),
                ServiceCallout::new(CALLOUT, "http://a.test/").response("r").xml(),
            ],
            "clusters": {"http://a.test": backend.cluster()},
        });
        let site = setup.listener(Listener::new(configuration));
        let admin = setup.admin();
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let output = admin.get("/stats/prometheus").await;
            let samples = Samples::of(output.text());
            let dashboard: Value = serde_json::from_str(&file("grafana-dashboard.json")).unwrap();
            let rules: Value = serde_saphyr::from_str(&file("prometheus-rules.yaml")).unwrap();
            let (panels, alerts) = (expressions(&dashboard), expressions(&rules));
            assert_eq!((panels.len(), alerts.len()), (12, 5));
            let (name, pattern, outcome) = (
                Regex::new(r"\b(?:callout|envoy)_[a-z0-9_]+").unwrap(),
                Regex::new(r#"__name__=~"([^"]+)""#).unwrap(),
                Regex::new(r#"outcome!?="([^"]+)""#).unwrap(),
            );
            let mut names = BTreeSet::new();
            for expression in panels.iter().chain(&alerts) {
                let patterns: Vec<String> =
                    pattern.captures_iter(expression).map(|found| format!("^(?:{})$", &found[1])).collect();
                let rest = pattern.replace_all(expression, "");
                names.extend(name.find_iter(&rest).map(|found| found.as_str().to_owned()));
                let exact = name.find_iter(&rest).map(|found| format!("^{}$", found.as_str()));
                // Older versions do not show it, so that the panel is empty.
                let is_shown = |name: &String| minor_version() >= 39 || !name.contains("envoy_wasm_wasm_vm_count");
                for name in exact.chain(patterns).filter(is_shown) {
                    assert!(samples.has_name(&Regex::new(&name).unwrap()), "{name} in {expression}");
                }
                for value in outcome.captures_iter(expression) {
                    let label = format!("outcome=\"{}\"", &value[1]);
                    assert!(samples.has_label("callout_outcome", &label), "{label} in {expression}");
                }
            }
            let (caches, callouts): (Vec<_>, Vec<_>) = names
                .iter()
                .filter(|name| name.starts_with("callout_"))
                .partition(|name| name.starts_with("callout_cache_"));
            for (names, policy) in [(&callouts, CALLOUT), (&caches, LOOKUP)] {
                for name in names {
                    assert!(samples.has_label(name, &format!("policy=\"{policy}\"")), "{name}");
                }
            }
            assert_eq!((callouts.len(), caches.len()), (4, 4), "{names:?}");
        }
    });
}
