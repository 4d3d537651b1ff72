//! The keys of the objects of a configuration.

/// Every key of a configuration.
pub const CONFIGURATION: [&str; 26] = [
    "policies",
    "request",
    "response",
    "fault_rules",
    "default_fault_rule",
    "proxy_endpoint",
    "target_endpoints",
    "variable_targets",
    "integration_endpoints",
    "shared_flows",
    "unsupported_policies",
    "clusters",
    "allowed_hosts",
    "target_servers",
    "local_proxies",
    "google",
    "proxy",
    "properties",
    "resources",
    "key_value_maps",
    "cache",
    "filter_state",
    "trace_headers",
    "parallel_callouts",
    "max_response_bytes",
    "body_memory_bytes",
];

/// The keys of a step in `request` and `response`.
pub const STEP: [&str; 2] = ["step", "condition"];

/// The keys of a shared flow in `shared_flows`.
pub const SHARED_FLOW: [&str; 5] = ["name", "xml", "policies", "properties", "resources"];

/// The keys of a server in `target_servers`.
pub const TARGET_SERVER: [&str; 5] = ["host", "port", "cluster", "tls", "enabled"];

/// The keys of a proxy in `local_proxies`.
pub const LOCAL_PROXY: [&str; 5] = ["api_proxy", "proxy_endpoint", "base_path", "cluster", "authority"];

/// The keys of a map in `key_value_maps`.
pub const KEY_VALUE_MAP: [&str; 2] = ["encrypted", "entries"];

/// The keys of `cache`.
pub const CACHE: [&str; 2] = ["max_bytes", "coalesce"];

/// The keys of `google`.
pub const GOOGLE: [&str; 4] = ["metadata_cluster", "service_account", "iam_cluster", "project"];

/// The keys of `proxy`.
pub const PROXY: [&str; 5] = ["organization", "environment", "name", "revision", "base_path"];
