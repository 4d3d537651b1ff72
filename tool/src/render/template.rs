//! The template of an environment file.

use crate::attachment::Attached;
use crate::bundle::ParsedBundle;
use crate::needs::{Local, Needs, User};
use crate::render::dynamic;
use envoy_callout::policy::Policy;
use envoy_callout::policy::variable::Variable;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The template. The comment of an entry names its users.
pub(super) fn render(bundles: &[&ParsedBundle]) -> String {
    let mut needs = Needs::default();
    bundles.iter().for_each(|bundle| needs.add(bundle));
    let mut file = Template(String::from(
        "# The environment of the bundles. Replace hosts, ports and the values in capitals.\n\
         organization: ORGANIZATION\n\
         environment: ENVIRONMENT\n",
    ));
    file.target_servers(&needs.servers);
    file.local_proxies(&needs.local_proxies, bundles);
    file.property_sets(&needs);
    file.key_value_maps(&needs);
    file.google(&needs.google);
    let mut users = dynamic::users(bundles);
    users.extend(dynamic::targets(bundles));
    file.allowed_hosts(&users);
    file.properties(&secrets(bundles));
    file.tls();
    file.0
}

/// The private variables that attached policies read and no policy sets, such as keys, with their readers.
fn secrets(bundles: &[&ParsedBundle]) -> BTreeMap<String, Vec<String>> {
    let all: Vec<&Policy> = bundles.iter().flat_map(|bundle| bundle.policies()).collect();
    let mut secrets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for bundle in bundles {
        let attached = Attached::by(bundle);
        for policy in bundle.policies().filter(|policy| policy.attributes().enabled) {
            let name = &policy.attributes().name;
            let reads = policy.read_variables().into_iter().map(|read| read.variable);
            for variable in reads.filter(|variable| variable.is_private() && attached.contains(name)) {
                let users = secrets.entry(variable.name().to_string()).or_default();
                if !users.contains(&name.to_string()) {
                    users.push(name.to_string());
                }
            }
        }
    }
    secrets.retain(|name, _| !all.iter().any(|policy| policy.may_set(&Variable::new(name))));
    secrets
}

struct Template(String);

impl Template {
    fn line(&mut self, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{text}");
    }

    fn section(&mut self, comment: &str, key: &str) {
        self.line("");
        comment.lines().for_each(|line| self.line(&format!("# {line}")));
        self.line(key);
    }

    fn target_servers(&mut self, servers: &BTreeMap<String, Vec<User>>) {
        if servers.is_empty() {
            return;
        }
        self.section(
            "The servers of load balancers. tls: true uses https, enabled: false disables a server.",
            "target_servers:",
        );
        for (name, users) in servers {
            self.line(&format!("  # {}", list(users)));
            self.line(&format!("  {}: {{host: HOST, port: 80, tls: false}}", quoted(name)));
        }
    }

    fn local_proxies(&mut self, proxies: &BTreeMap<Local, Vec<User>>, bundles: &[&ParsedBundle]) {
        let is_given = |local: &Local| match local {
            Local::Named(proxy, _) => bundles.iter().any(|bundle| bundle.name == *proxy),
            Local::Path(_) => false,
        };
        let missing: Vec<_> = proxies.iter().filter(|(local, _)| !is_given(local)).collect();
        if missing.is_empty() {
            return;
        }
        self.section(
            "Proxies of the same environment. The default of host is the rendered listener.",
            "local_proxies:",
        );
        for (local, users) in missing {
            self.line(&format!("# {}", list(users)));
            match local {
                Local::Named(proxy, endpoint) => self.line(&format!(
                    "- {{api_proxy: {}, proxy_endpoint: {}, base_path: /PATH, host: HOST, port: 80}}",
                    quoted(proxy),
                    quoted(endpoint)
                )),
                Local::Path(path) => {
                    self.line(&format!("- {{base_path: {}, host: HOST, port: 80}}", quoted(path)));
                }
            }
        }
    }

    fn property_sets(&mut self, needs: &Needs) {
        if needs.properties.is_empty() {
            return;
        }
        self.section("Properties that the bundles read and do not contain.", "property_sets:");
        let mut current = None;
        for (set, key) in &needs.properties {
            if current != Some(set) {
                self.line(&format!("  {}:", quoted(set)));
                current = Some(set);
            }
            self.line(&format!("    {}: VALUE", quoted(key)));
        }
    }

    fn key_value_maps(&mut self, needs: &Needs) {
        if needs.maps.is_empty() {
            return;
        }
        self.section(
            "The key value maps that the bundles read. encrypted: true allows only private variables.",
            "key_value_maps:",
        );
        for (name, map) in &needs.maps {
            self.line(&format!("  {}:", quoted(name)));
            self.line(&format!("    encrypted: {}", map.is_private));
            self.line(&format!("    entries:{}", if map.keys.is_empty() { " {KEY: VALUE}" } else { "" }));
            for key in &map.keys {
                self.line(&format!("      {}: VALUE", quoted(key)));
            }
        }
    }

    fn google(&mut self, users: &[User]) {
        if users.is_empty() {
            return;
        }
        let comment =
            format!("Google tokens, for {}. The default is the identity of the workload: google: {{}}", list(users));
        self.section(&comment, "google:");
        self.line("  service_account: NAME@PROJECT.iam.gserviceaccount.com");
    }

    fn allowed_hosts(&mut self, users: &[String]) {
        if users.is_empty() {
            return;
        }
        let comment = format!(
            "Allowed hosts of {}: names or *.suffix. The default is every host except this machine and metadata servers.",
            users.join(", ")
        );
        self.section(&comment, "allowed_hosts: [HOST, \"*.SUFFIX\"]");
    }

    fn properties(&mut self, secrets: &BTreeMap<String, Vec<String>>) {
        let comment = "Other variables by their full names.";
        if secrets.is_empty() {
            return self.section(comment, "# properties: {private.key: VALUE}");
        }
        self.section(comment, "properties:");
        for (name, users) in secrets {
            self.line(&format!("  # {}", users.join(", ")));
            self.line(&format!("  {}: VALUE", quoted(name)));
        }
    }

    fn tls(&mut self) {
        self.section(
            "Certificates: STORE/ALIAS.crt and STORE/ALIAS.key of key stores, STORE/ca.crt of trust stores.",
            "# tls: {trusted_ca: /etc/ssl/certs/ca-certificates.crt, stores: /etc/envoy/tls}",
        );
    }
}

fn list(users: &[User]) -> String {
    users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// A text as a YAML scalar, with quotes when necessary.
fn quoted(text: &str) -> String {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/'))
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && !matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
