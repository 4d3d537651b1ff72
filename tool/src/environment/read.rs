//! Reads an environment from the tree of its file. Every problem becomes a finding.

use super::placeholders;
use super::{Cache, Environment, Google, KeyValueMap, LocalProxy, TargetServer, Tls};
use crate::finding::{Code, Finding, Severity};
use crate::source::Source;
use crate::tree::{self, Content, Entry, Node};
use envoy_callout::diagnostic::{Code as FilterCode, Position};
use envoy_callout::suggestion;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The keys of an environment.
pub(crate) const KEYS: [&str; 12] = [
    "organization",
    "environment",
    "target_servers",
    "local_proxies",
    "property_sets",
    "key_value_maps",
    "cache",
    "properties",
    "google",
    "allowed_hosts",
    "parallel_callouts",
    "tls",
];

/// The keys of a target server.
pub(crate) const SERVER: [&str; 4] = ["host", "port", "tls", "enabled"];

/// The keys of a local proxy.
pub(crate) const LOCAL_PROXY: [&str; 6] = ["api_proxy", "proxy_endpoint", "base_path", "host", "port", "authority"];

/// The keys of a key value map.
pub(crate) const KEY_VALUE_MAP: [&str; 2] = ["encrypted", "entries"];

/// The keys of `cache`.
pub(crate) const CACHE: [&str; 2] = ["max_bytes", "coalesce"];

/// The keys of `google`.
pub(crate) const GOOGLE: [&str; 2] = ["service_account", "project"];

/// The keys of `tls`.
pub(crate) const TLS: [&str; 2] = ["trusted_ca", "stores"];

/// Reads an environment.
///
/// # Errors
/// Every problem of the file.
pub(super) fn read(source: &Rc<Source>) -> Result<Environment, Vec<Finding>> {
    let mut problems = Problems { source, list: Vec::new() };
    let documents = tree::documents(&source.text).unwrap_or_else(|error| {
        let text = match error.text.starts_with("not valid YAML") {
            true => format!("the environment file is {}", error.text),
            false => error.text,
        };
        problems.add(FilterCode::InvalidConfiguration, error.position, text);
        Vec::new()
    });
    let mut documents = documents.into_iter();
    let environment = match documents.next().map(|document| document.root) {
        None => Environment::default(),
        Some(root) => Environment {
            warnings: placeholders::find(&root, source),
            ..environment(&Object::of(&root, "", &KEYS, &mut problems), &mut problems)
        },
    };
    if let Some(second) = documents.next() {
        let text = "an environment file has one document; this is the second one".to_owned();
        problems.add(FilterCode::InvalidConfiguration, second.position, text);
    }
    if problems.list.is_empty() { Ok(environment) } else { Err(problems.list) }
}

fn environment(root: &Object<'_>, problems: &mut Problems<'_>) -> Environment {
    Environment {
        organization: root.text("organization", problems),
        environment: root.text("environment", problems),
        target_servers: root
            .entries("target_servers", problems)
            .filter_map(|(path, entry)| Some((entry.key.clone(), server(&path, &entry.value, problems)?)))
            .collect(),
        local_proxies: root
            .items("local_proxies", problems)
            .filter_map(|(path, item)| local_proxy(&path, item, problems))
            .collect(),
        property_sets: root
            .entries("property_sets", problems)
            .map(|(path, entry)| (entry.key.clone(), texts(&path, &entry.value, problems)))
            .collect(),
        key_value_maps: root
            .entries("key_value_maps", problems)
            .map(|(path, entry)| (entry.key.clone(), key_value_map(&path, &entry.value, problems)))
            .collect(),
        cache: root.get("cache").map(|node| cache(node, problems)).unwrap_or_default(),
        properties: root.get("properties").map(|node| texts("properties", node, problems)).unwrap_or_default(),
        google: root.get("google").map(|node| google(node, problems)),
        allowed_hosts: root.get("allowed_hosts").is_some().then(|| {
            let hosts = root.items("allowed_hosts", problems);
            hosts.filter_map(|(path, item)| text(&path, item, problems)).collect()
        }),
        has_parallel_callouts: root.boolean("parallel_callouts", problems).unwrap_or(false),
        tls: root.get("tls").map(|node| tls(node, problems)).unwrap_or_default(),
        warnings: Vec::new(),
    }
}

fn server(path: &str, node: &Node, problems: &mut Problems<'_>) -> Option<TargetServer> {
    let server = Object::of(node, path, &SERVER, problems);
    let (host, port) = (server.required_text("host", problems), server.required_port(problems));
    let tls = server.boolean("tls", problems).unwrap_or(false);
    let enabled = server.boolean("enabled", problems).unwrap_or(true);
    Some(TargetServer { host: host?, port: port?, tls, enabled })
}

fn local_proxy(path: &str, node: &Node, problems: &mut Problems<'_>) -> Option<LocalProxy> {
    let proxy = Object::of(node, path, &LOCAL_PROXY, problems);
    let base_path = proxy.required_text("base_path", problems);
    let mut text = |key: &str| proxy.text(key, problems);
    let (api_proxy, proxy_endpoint, host) = (text("api_proxy"), text("proxy_endpoint"), text("host"));
    let (authority, port) = (text("authority"), proxy.port(problems));
    Some(LocalProxy { api_proxy, proxy_endpoint, base_path: base_path?, host, port, authority })
}

fn key_value_map(path: &str, node: &Node, problems: &mut Problems<'_>) -> KeyValueMap {
    let map = Object::of(node, path, &KEY_VALUE_MAP, problems);
    let encrypted = map.boolean("encrypted", problems).unwrap_or(false);
    let entries = map.entries("entries", problems).map(|(path, entry)| {
        let texts = match &entry.value.content {
            Content::List(items) => items.iter().filter_map(|item| text(&path, item, problems)).collect(),
            _ => text(&path, &entry.value, problems).into_iter().collect(),
        };
        (entry.key.clone(), texts)
    });
    KeyValueMap { encrypted, entries: entries.collect() }
}

fn cache(node: &Node, problems: &mut Problems<'_>) -> Cache {
    let cache = Object::of(node, "cache", &CACHE, problems);
    Cache { max_bytes: cache.integer("max_bytes", problems), coalesce: cache.boolean("coalesce", problems) }
}

fn google(node: &Node, problems: &mut Problems<'_>) -> Google {
    let google = Object::of(node, "google", &GOOGLE, problems);
    Google { service_account: google.text("service_account", problems), project: google.text("project", problems) }
}

fn tls(node: &Node, problems: &mut Problems<'_>) -> Tls {
    let tls = Object::of(node, "tls", &TLS, problems);
    let default = Tls::default();
    Tls {
        trusted_ca: tls.text("trusted_ca", problems).unwrap_or(default.trusted_ca),
        stores: tls.text("stores", problems).unwrap_or(default.stores),
    }
}

/// An object of texts.
fn texts(path: &str, node: &Node, problems: &mut Problems<'_>) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for entry in object(path, node, problems) {
        if let Some(text) = text(&join(path, &entry.key), &entry.value, problems) {
            texts.insert(entry.key.clone(), text);
        }
    }
    texts
}

/// A text. It has no conversion: `1.10`, `007` and `yes` stay as written.
fn text(path: &str, node: &Node, problems: &mut Problems<'_>) -> Option<String> {
    match &node.content {
        Content::Scalar(text) => return Some(text.clone()),
        Content::Null => {
            let text = format!("{path} has no value; write \"\" for an empty text");
            problems.add(FilterCode::InvalidValue, node.position, text);
        }
        other => problems.wrong_type(path, "a text", other, node.position),
    }
    None
}

fn object<'n>(path: &str, node: &'n Node, problems: &mut Problems<'_>) -> &'n [Entry] {
    match &node.content {
        Content::Object(entries) => return entries,
        Content::Null => {}
        other => problems.wrong_type(path, "an object", other, node.position),
    }
    &[]
}

/// An object with a fixed set of keys.
struct Object<'n> {
    path: String,
    position: Position,
    entries: &'n [Entry],
}

impl<'n> Object<'n> {
    /// Reports the keys that do not exist.
    fn of(node: &'n Node, path: &str, known: &[&str], problems: &mut Problems<'_>) -> Object<'n> {
        let name = if path.is_empty() { "the environment file" } else { path };
        let entries = object(name, node, problems);
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let hint = suggestion::hint(&entry.key, known.iter().copied());
            let text = format!("unknown key {}{hint}", join(path, &entry.key));
            problems.add(FilterCode::UnknownKey, entry.position, text);
        }
        Object { path: path.to_owned(), position: node.position, entries }
    }

    /// The value of a key. A key without a value is absent.
    fn get(&self, key: &str) -> Option<&'n Node> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(&*entry.value).filter(|node| !matches!(node.content, Content::Null))
    }

    fn text(&self, key: &str, problems: &mut Problems<'_>) -> Option<String> {
        text(&join(&self.path, key), self.get(key)?, problems)
    }

    fn required_text(&self, key: &str, problems: &mut Problems<'_>) -> Option<String> {
        if self.get(key).is_none() {
            problems.add(FilterCode::MissingKey, self.position, format!("{} is missing", join(&self.path, key)));
        }
        self.text(key, problems)
    }

    fn required_port(&self, problems: &mut Problems<'_>) -> Option<u16> {
        if self.get("port").is_none() {
            problems.add(FilterCode::MissingKey, self.position, format!("{} is missing", join(&self.path, "port")));
        }
        self.port(problems)
    }

    fn port(&self, problems: &mut Problems<'_>) -> Option<u16> {
        let node = self.get("port")?;
        let path = join(&self.path, "port");
        let text = text(&path, node, problems)?;
        let port = text.parse().ok().filter(|port| *port > 0);
        if port.is_none() {
            let text = format!("{path} must be an integer from 1 to 65535, not {text:?}");
            problems.add(FilterCode::InvalidValue, node.position, text);
        }
        port
    }

    fn integer(&self, key: &str, problems: &mut Problems<'_>) -> Option<u64> {
        let node = self.get(key)?;
        let path = join(&self.path, key);
        let text = text(&path, node, problems)?;
        let number = text.parse().ok();
        if number.is_none() {
            let text = format!("{path} must be a non-negative integer, not {text:?}");
            problems.add(FilterCode::InvalidValue, node.position, text);
        }
        number
    }

    fn boolean(&self, key: &str, problems: &mut Problems<'_>) -> Option<bool> {
        let node = self.get(key)?;
        let path = join(&self.path, key);
        let text = text(&path, node, problems)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => {
                let text = format!("{path} must be true or false, not {text:?}");
                problems.add(FilterCode::InvalidValue, node.position, text);
                None
            }
        }
    }

    /// The entries of an object with free keys, with their paths.
    fn entries(&self, key: &str, problems: &mut Problems<'_>) -> impl Iterator<Item = (String, &'n Entry)> + use<'n> {
        let path = join(&self.path, key);
        let entries = self.get(key).map_or(&[][..], |node| object(&path, node, problems));
        entries.iter().map(move |entry| (join(&path, &entry.key), entry))
    }

    /// The items of a list with their paths.
    fn items(&self, key: &str, problems: &mut Problems<'_>) -> impl Iterator<Item = (String, &'n Node)> + use<'n> {
        let path = join(&self.path, key);
        let items = match self.get(key) {
            None => &[][..],
            Some(Node { content: Content::List(items), .. }) => items,
            Some(node) => {
                problems.wrong_type(&path, "a list", &node.content, node.position);
                &[]
            }
        };
        items.iter().enumerate().map(move |(index, item)| (format!("{path}[{index}]"), &**item))
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

struct Problems<'s> {
    source: &'s Rc<Source>,
    list: Vec<Finding>,
}

impl Problems<'_> {
    fn add(&mut self, code: impl Into<Code>, position: Position, text: String) {
        let finding = Finding::new(Severity::Error, code, text).in_source(self.source, Some(position));
        self.list.push(finding);
    }

    fn wrong_type(&mut self, path: &str, expected: &str, content: &Content, position: Position) {
        let found = match content {
            Content::Null => "nothing",
            Content::Scalar(_) => "a text",
            Content::List(_) => "a list",
            Content::Object(_) => "an object",
        };
        self.add(FilterCode::InvalidValue, position, format!("{path} must be {expected}, not {found}"));
    }
}

#[cfg(test)]
mod tests;
