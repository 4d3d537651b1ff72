//! Checks of the parts of an Envoy configuration that the filter needs.

use crate::embedded::Embedded;
use crate::envoy_file::{EnvoyFile, Plugin};
use crate::finding::{Code, Finding, Findings, Severity};
use crate::source::Source;
use crate::tree::Node;
use envoy_callout::config;
use envoy_callout::suggestion;
use serde_json::Value;
use std::path::Path;
use std::rc::Rc;

/// The keys of a filter configuration whose values are names of clusters, outside the key `clusters`.
const CLUSTER_KEYS: [&str; 3] = ["cluster", "metadata_cluster", "iam_cluster"];

/// Checks the clusters, the modules and the flags of the plugins.
pub(super) fn check(file: &EnvoyFile, tree: Option<&Rc<Node>>, source: &Rc<Source>, findings: &mut Findings) {
    let known = file.clusters();
    for plugin in file.plugins(tree) {
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
    findings.add(Finding::new(Severity::Warning, Code::MissingModule, text).in_source(source, plugin.module_position));
}

fn check_clusters(configuration: &Embedded, known: &[&str], source: &Rc<Source>, findings: &mut Findings) {
    for Named { user, path, key, cluster } in clusters_of(&configuration.value) {
        // The cluster of `*` can contain the placeholder of a host.
        if cluster.contains('{') || known.contains(&cluster) {
            continue;
        }
        let hint = suggestion::hint(cluster, known.iter().copied());
        let text = format!("{user} names the cluster {cluster}, which static_resources.clusters does not define{hint}");
        let position =
            configuration.value_position(&path).or_else(|| configuration.word_after(&source.text, key, cluster));
        findings.add(Finding::new(Severity::Error, Code::UndefinedCluster, text).in_source(source, position));
    }
}

/// The name of a cluster in a filter configuration.
struct Named<'c> {
    /// The key that names it, in messages.
    user: String,
    /// The path of the key.
    path: String,
    /// The last key of the path.
    key: &'c str,
    cluster: &'c str,
}

fn clusters_of(configuration: &Value) -> Vec<Named<'_>> {
    let clusters = configuration.get("clusters").and_then(Value::as_object).into_iter().flatten();
    let mut found: Vec<Named<'_>> = clusters
        .filter_map(|(origin, cluster)| {
            let (user, path) = (format!("clusters[{origin:?}]"), format!("clusters.{origin}"));
            Some(Named { user, path, key: origin, cluster: cluster.as_str()? })
        })
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
        found.extend(named.map(|(key, cluster)| {
            let user = format!("{path}.{key}");
            Named { path: user.clone(), user, key, cluster }
        }));
    }
    found
}

fn check_flag(plugin: &Plugin, configuration: &Embedded, source: &Rc<Source>, findings: &mut Findings) {
    let Ok(loaded) = config::load(configuration.value.to_string().as_bytes()) else { return };
    if loaded.plan.needs.has_body() && !plugin.stops_iteration {
        let text = "the policies use the body of a message: set allow_on_headers_stop_iteration: true next to \
                    configuration of the plugin, else requests with a body wait until stream_idle_timeout";
        let finding = Finding::new(Severity::Warning, Code::MissingStopIteration, text.to_owned());
        findings.add(finding.in_source(source, plugin.position));
    }
}
