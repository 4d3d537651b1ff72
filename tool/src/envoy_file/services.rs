//! Other services in place of those that the clusters of a configuration name.

use super::{EnvoyFile, walk_mut};
use serde_json::{Map, Value, json};

/// The fields of a cluster that belong to its services: names, discovery, TLS and health checks.
const OF_SERVICES: [&str; 7] = [
    "cluster_type",
    "dns_lookup_family",
    "respect_dns_ttl",
    "transport_socket",
    "transport_socket_matches",
    "health_checks",
    "typed_dns_resolver_config",
];

impl EnvoyFile {
    /// Replaces the address of every endpoint by one of `address`, without TLS and health checks. The name of the host
    /// stays. A cluster without endpoints, whose hosts come from requests, gets one.
    pub(crate) fn replace_endpoints(&mut self, address: &mut impl FnMut() -> Value) {
        let clusters = self.0.pointer_mut("/static_resources/clusters").and_then(Value::as_array_mut);
        for cluster in clusters.into_iter().flatten().filter_map(Value::as_object_mut) {
            if cluster.contains_key("cluster_type") {
                // The policy of such a cluster selects the hosts of requests.
                cluster.shift_remove("lb_policy");
            }
            OF_SERVICES.iter().for_each(|field| drop(cluster.shift_remove(*field)));
            cluster.insert("type".to_owned(), json!("STATIC"));
            if !cluster.contains_key("load_assignment") {
                let endpoint = json!({"endpoint": {"address": address()}});
                let name = cluster.get("name").cloned();
                let assignment = json!({"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]});
                cluster.insert("load_assignment".to_owned(), assignment);
                continue;
            }
            if let Some(assignment) = cluster.get_mut("load_assignment") {
                walk_mut(assignment, &mut |object| replace(object, address));
            }
        }
    }

    /// Adds a listener after the others.
    pub(crate) fn add_listener(&mut self, listener: Value) {
        if let Some(listeners) = self.0.pointer_mut("/static_resources/listeners").and_then(Value::as_array_mut) {
            listeners.push(listener);
        }
    }
}

/// Replaces the address of an object, if it is an endpoint.
fn replace(endpoint: &mut Map<String, Value>, address: &mut impl FnMut() -> Value) {
    let host = endpoint.get("address").and_then(|address| address.pointer("/socket_address/address")).cloned();
    let Some(host) = host else { return };
    endpoint.insert("address".to_owned(), address());
    endpoint.shift_remove("health_check_config");
    // `auto_host_rewrite` uses the name.
    endpoint.entry("hostname").or_insert(host);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_keep_their_names_and_clusters_lose_tls() {
        let socket = |host: &str| json!({"socket_address": {"address": host, "port_value": 1}});
        let mut file = EnvoyFile(json!({"static_resources": {"listeners": [], "clusters": [
            {
                "name": "a", "type": "LOGICAL_DNS", "dns_lookup_family": "V4_PREFERRED", "connect_timeout": "3s",
                "transport_socket": {"name": "tls"}, "lb_policy": "RANDOM", "health_checks": [{}],
                "load_assignment": {"cluster_name": "a", "endpoints": [{"priority": 1, "lb_endpoints": [
                    {"endpoint": {"address": socket("a.test")}},
                    {"endpoint": {"address": socket("10.0.0.1"), "hostname": "b.test", "health_check_config": {}}},
                ]}]},
            },
            {"name": "any", "lb_policy": "CLUSTER_PROVIDED", "cluster_type": {"name": "dynamic"}},
        ]}}));
        let mut count = 0;
        file.replace_endpoints(&mut || {
            count += 1;
            json!(count)
        });
        file.add_listener(json!("mock"));
        let expected = json!({"static_resources": {"listeners": ["mock"], "clusters": [
            {
                "name": "a", "type": "STATIC", "connect_timeout": "3s", "lb_policy": "RANDOM",
                "load_assignment": {"cluster_name": "a", "endpoints": [{"priority": 1, "lb_endpoints": [
                    {"endpoint": {"address": 1, "hostname": "a.test"}},
                    {"endpoint": {"address": 2, "hostname": "b.test"}},
                ]}]},
            },
            {
                "name": "any", "type": "STATIC",
                "load_assignment": {"cluster_name": "any", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": 3}}]}]},
            },
        ]}});
        assert_eq!(file.0, expected);
    }
}
