//! Checks of the parts of an Envoy configuration that the filter needs.

use crate::envoy_file::{EnvoyFile, Plugin};
use crate::finding::{Code, Finding, Findings, Severity};
use crate::source::{Source, position};
use envoy_callout::config;
use envoy_callout::suggestion;
use serde_json::Value;
use std::path::Path;
use std::rc::Rc;

/// The keys of a filter configuration whose values are names of clusters, outside the key `clusters`.
const CLUSTER_KEYS: [&str; 3] = ["cluster", "metadata_cluster", "iam_cluster"];

/// Checks the clusters, the modules and the flags of the plugins.
pub(super) fn check(file: &EnvoyFile, source: &Rc<Source>, findings: &mut Findings) {
    let known = file.clusters();
    for plugin in file.plugins() {
        check_module(&plugin, source, findings);
        for configuration in &plugin.configurations {
            if let Some(known) = &known {
                check_clusters(configuration, known, source, findings);
            }
            check_flag(&plugin, configuration, source, findings);
        }
    }
}

fn check_module(plugin: &Plugin, source: &Rc<Source>, findings: &mut Findings) {
    let Some(module) = plugin.module.as_deref().filter(|module| !Path::new(module).is_file()) else { return };
    let from = if Path::new(module).is_absolute() { "on this machine" } else { "in the working directory" };
    let text = format!("no module at {module} {from}; `envoy-callout module > FILE` writes it");
    findings.add(at(Finding::new(Severity::Warning, Code::MissingModule, text), module, source));
}

fn check_clusters(configuration: &Value, known: &[&str], source: &Rc<Source>, findings: &mut Findings) {
    for (user, cluster) in clusters_of(configuration) {
        // The cluster of `*` can contain the placeholder of a host.
        if cluster.contains('{') || known.contains(&cluster) {
            continue;
        }
        let hint = suggestion::hint(cluster, known.iter().copied());
        let text = format!("{user} names the cluster {cluster}, which static_resources.clusters does not define{hint}");
        findings.add(at(Finding::new(Severity::Error, Code::UndefinedCluster, text), cluster, source));
    }
}

/// The names of clusters in a filter configuration, with the keys that name them.
fn clusters_of(configuration: &Value) -> Vec<(String, &str)> {
    let object = |key: &str| configuration.get(key).and_then(Value::as_object).into_iter().flatten();
    let mut found: Vec<(String, &str)> = object("clusters")
        .filter_map(|(origin, cluster)| Some((format!("clusters[{origin:?}]"), cluster.as_str()?)))
        .collect();
    let mut entries: Vec<(String, &Value)> = Vec::new();
    for key in ["target_servers", "local_proxies", "google"] {
        match configuration.get(key) {
            Some(Value::Array(list)) => {
                entries.extend(list.iter().enumerate().map(|(index, item)| (format!("{key}[{index}]"), item)));
            }
            Some(value @ Value::Object(object)) => {
                entries.push((key.to_owned(), value));
                entries.extend(object.iter().map(|(name, value)| (format!("{key}.{name}"), value)));
            }
            _ => {}
        }
    }
    for (path, entry) in entries {
        let named = CLUSTER_KEYS.iter().filter_map(|key| Some((key, entry.get(key)?.as_str()?)));
        found.extend(named.map(|(key, cluster)| (format!("{path}.{key}"), cluster)));
    }
    found
}

fn check_flag(plugin: &Plugin, configuration: &Value, source: &Rc<Source>, findings: &mut Findings) {
    let Ok(loaded) = config::load(configuration.to_string().as_bytes()) else { return };
    if loaded.plan.needs.has_body() && !plugin.stops_iteration {
        let text = "the policies use the body of a message: set allow_on_headers_stop_iteration: true next to \
                    configuration of the plugin, else requests with a body wait until stream_idle_timeout";
        let finding = Finding::new(Severity::Warning, Code::MissingStopIteration, text.to_owned());
        findings.add(at(finding, "vm_config", source));
    }
}

/// The finding at the first position of a text in the file.
fn at(finding: Finding, text: &str, source: &Rc<Source>) -> Finding {
    let found = source.text.find(text).map(|at| position(&source.text, at));
    finding.in_source(source, found)
}
