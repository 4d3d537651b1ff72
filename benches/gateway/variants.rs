//! The compared variants. Each has a listener; a new variant is one entry in [`all`].

use serde_json::{Value, json};

use crate::load::CONNECTIONS;
use crate::rounds::Settings;
use crate::{filter, geo};

/// The cluster of the callout service.
pub const CALLOUT: &str = "callout";

/// An implementation of the callout.
pub struct Variant {
    /// The name in the table, on the command line, and of its listener.
    pub name: &'static str,
    /// The description in the table.
    pub does: &'static str,
    /// The HTTP filter before the router.
    pub filter: Option<Value>,
    /// The `x-geo` that the upstream must receive for a user. Every request is checked.
    pub upstream_sees: fn(&str) -> String,
    pub load: Load,
}

impl Variant {
    /// A variant with a filter, whose upstream receives the location of the user, under full load.
    fn new(name: &'static str, does: &'static str, filter: Value) -> Variant {
        Variant { name, does, filter: Some(filter), upstream_sees: geo::location, load: Load::Full }
    }
}

/// The load on a variant.
#[derive(Clone, Copy)]
pub enum Load {
    /// As many requests as the settings say, on enough connections to use a whole processor.
    Full,
    /// Fewer requests on few connections, so that the latency is the time of the servers and not that of the queue in
    /// front of Envoy's worker.
    Light,
}

impl Load {
    /// The number of requests of a round.
    pub fn requests(self, settings: &Settings) -> usize {
        match self {
            Load::Full => settings.requests,
            Load::Light => 200,
        }
    }

    /// The number of requests before the measurement.
    pub fn warm_up(self, settings: &Settings) -> usize {
        match self {
            Load::Full => settings.requests.max(1000),
            Load::Light => self.requests(settings),
        }
    }

    /// The number of concurrent requests.
    pub fn connections(self) -> usize {
        match self {
            Load::Full => CONNECTIONS,
            Load::Light => 2,
        }
    }
}

/// What a limit compares.
#[derive(Clone, Copy)]
pub enum Measure {
    /// CPU time per request.
    Cpu,
    /// Median latency.
    Latency,
}

/// Maximum ratio of two variants.
pub struct Limit {
    pub measure: Measure,
    pub variant: &'static str,
    pub of: &'static str,
    pub at_most: f64,
}

/// The variant that all others are compared with.
pub const BASELINE: &str = "lua";

/// The limits that the benchmark checks.
pub const LIMITS: [Limit; 7] = [
    Limit { measure: Measure::Cpu, variant: "callout", of: "lua", at_most: 1.55 },
    Limit { measure: Measure::Cpu, variant: "native", of: "lua", at_most: 0.95 },
    Limit { measure: Measure::Cpu, variant: "flow", of: "callout", at_most: 1.5 },
    Limit { measure: Measure::Cpu, variant: "unused", of: "callout", at_most: 1.02 },
    Limit { measure: Measure::Cpu, variant: "cached", of: "lua", at_most: 0.65 },
    Limit { measure: Measure::Cpu, variant: "token", of: "callout", at_most: 1.10 },
    Limit { measure: Measure::Latency, variant: "parallel", of: "slow", at_most: 1.10 },
];

/// All variants, and `callout` again with each build in `$BENCH_MODULES`, `before=PATH,other=PATH`.
pub fn all() -> Vec<Variant> {
    let modules = std::env::var("BENCH_MODULES").unwrap_or_default();
    own().into_iter().chain(modules.split(',').filter(|module| !module.is_empty()).map(of_module)).collect()
}

/// The variant `callout` with another build of the module.
fn of_module(named: &str) -> Variant {
    let Some((name, path)) = named.split_once('=') else { panic!("$BENCH_MODULES: {named:?} is not NAME=PATH") };
    let filter = in_module(callout_filter(name, &[SERVICE_CALLOUT, ASSIGN_MESSAGE]), path);
    Variant::new(name.to_owned().leak(), "the same as callout, with another build of the module", filter)
}

/// A filter that runs another module.
fn in_module(mut filter: Value, path: &str) -> Value {
    filter["typed_config"]["config"]["vm_config"]["code"]["local"]["filename"] = json!(path);
    filter
}

fn own() -> Vec<Variant> {
    vec![
        Variant {
            name: "none",
            does: "no callout, only the router",
            filter: None,
            upstream_sees: |_| String::new(),
            load: Load::Full,
        },
        Variant::new(
            "ext_authz",
            "HTTP service; header of the response set and stored as dynamic metadata",
            ext_authz(),
        ),
        Variant::new("lua", "httpCall; body set as header and stored in filter state", filter::lua(LUA)),
        Variant::new("peer", "the same as lua, in a small filter with the proxy-wasm SDK", peer("peer", "")),
        Variant::new(
            "callout",
            "ServiceCallout; response in filter state; AssignMessage sets the header",
            callout_filter("callout", &[SERVICE_CALLOUT, ASSIGN_MESSAGE]),
        ),
        Variant::new(
            "native",
            "the same as callout, in the native module",
            filter::native("native", &callout_configuration(&[SERVICE_CALLOUT, ASSIGN_MESSAGE])),
        ),
        Variant::new(
            "cached",
            "LookupCache of the response to an earlier callout; AssignMessage sets the header",
            cached(),
        ),
        Variant::new("peer_cached", "the same as cached, in the small filter", peer("peer_cached", "cached")),
        Variant::new("token", "the same with GoogleAccessToken, which is fetched once", token()),
        Variant {
            upstream_sees: |_| "CH Bern Europe/Zurich".to_owned(),
            ..Variant::new(
                "flow",
                "3 conditions, AssignMessage, the callout, ExtractVariables of 3 JSONPaths, the header",
                flow(),
            )
        },
        Variant::new("unused", "the same as callout, with 100 policies that no flow uses", unused()),
        Variant { load: Load::Light, ..Variant::new("slow", "a callout whose response takes 20 ms", slow("slow", 1)) },
        Variant {
            load: Load::Light,
            ..Variant::new(
                "parallel",
                "three independent callouts of 20 ms with parallel_callouts",
                slow("parallel", 3),
            )
        },
    ]
}

const SERVICE_CALLOUT: &str = r#"<ServiceCallout name="SC-Geo">
    <Request variable="question">
      <Set>
        <Headers>
          <Header name="x-user">{request.header.x-user}</Header>
        </Headers>
        <Verb>GET</Verb>
      </Set>
    </Request>
    <Response>calloutResponse</Response>
    <Timeout>5000</Timeout>
    <HTTPTargetConnection>
      <URL>http://geo.test/geo</URL>
    </HTTPTargetConnection>
</ServiceCallout>"#;

const ASSIGN_MESSAGE: &str = r#"<AssignMessage name="AM-Set">
    <AssignTo>request</AssignTo>
    <Set>
      <Headers>
        <Header name="x-geo">{calloutResponse.content}</Header>
      </Headers>
    </Set>
</AssignMessage>"#;

const MAKE_REQUEST: &str = r#"<AssignMessage name="AM-Question">
    <AssignTo createNew="true" type="request">question</AssignTo>
    <Set>
      <Headers>
        <Header name="x-user">{request.header.x-user}</Header>
      </Headers>
      <Verb>GET</Verb>
    </Set>
</AssignMessage>"#;

const BARE_CALLOUT: &str = r#"<ServiceCallout name="SC-Geo">
    <Request variable="question"/>
    <Response>calloutResponse</Response>
    <Timeout>5000</Timeout>
    <HTTPTargetConnection>
      <URL>http://geo.test/geo</URL>
    </HTTPTargetConnection>
</ServiceCallout>"#;

const EXTRACT: &str = r#"<ExtractVariables name="EV-Geo">
    <Source>calloutResponse.content</Source>
    <VariablePrefix>geo</VariablePrefix>
    <JSONPayload>
      <Variable name="country"><JSONPath>$.country</JSONPath></Variable>
      <Variable name="city"><JSONPath>$.city</JSONPath></Variable>
      <Variable name="zone"><JSONPath>$.zone</JSONPath></Variable>
    </JSONPayload>
</ExtractVariables>"#;

const SET_HEADER: &str = r#"<AssignMessage name="AM-Set">
    <AssignTo>request</AssignTo>
    <Set>
      <Headers>
        <Header name="x-geo">{geo.country} {geo.city} {geo.zone}</Header>
      </Headers>
    </Set>
</AssignMessage>"#;

/// The callout of `callout` with a Google token. The callout service is also the metadata server.
fn token() -> Value {
    let authentication = "<HTTPTargetConnection><Authentication><GoogleAccessToken><Scopes>\
        <Scope>https://www.googleapis.com/auth/cloud-platform</Scope></Scopes></GoogleAccessToken></Authentication>";
    let configuration = json!({
        "policies": [SERVICE_CALLOUT.replace("<HTTPTargetConnection>", authentication), ASSIGN_MESSAGE],
        "clusters": {"http://geo.test": CALLOUT},
        "google": {"metadata_cluster": CALLOUT},
        "trace_headers": false,
    });
    filter::wasm("token", "callout", false, &filter::string_value(&configuration.to_string()))
}

/// The callout of `callout` behind a cache. The first request of each user makes the call.
fn cached() -> Value {
    let key = r#"<CacheKey><KeyFragment ref="request.header.x-user"/></CacheKey>"#;
    let miss = |policy: &str| json!({"step": policy, "condition": "lookupcache.LC-Geo.cachehit = false"});
    let configuration = json!({
        "policies": [
            format!(r#"<LookupCache name="LC-Geo">{key}<AssignTo>calloutResponse</AssignTo></LookupCache>"#),
            SERVICE_CALLOUT,
            format!(
                r#"<PopulateCache name="PC-Geo">{key}<ExpirySettings><TimeoutInSeconds>86400</TimeoutInSeconds></ExpirySettings>
                <Source>calloutResponse</Source></PopulateCache>"#
            ),
            ASSIGN_MESSAGE,
        ],
        "request": ["LC-Geo", miss("SC-Geo"), miss("PC-Geo"), "AM-Set"],
        "clusters": {"http://geo.test": CALLOUT},
        "proxy": {"organization": "acme", "environment": "bench", "name": "cached", "revision": "1"},
        "trace_headers": false,
    });
    filter::wasm("cached", "callout", false, &filter::string_value(&configuration.to_string()))
}

/// The callout of `callout` next to policies that no flow uses.
fn unused() -> Value {
    let others = (0..100).map(|index| SERVICE_CALLOUT.replace("SC-Geo", &format!("SC-{index}")));
    let used = [SERVICE_CALLOUT, ASSIGN_MESSAGE].map(str::to_owned);
    let policies: Vec<_> = used.into_iter().chain(others).collect();
    let configuration = json!({
        "policies": policies,
        "request": ["SC-Geo", "AM-Set"],
        "clusters": {"http://geo.test": CALLOUT},
        "trace_headers": false,
    });
    filter::wasm("unused", "callout", false, &filter::string_value(&configuration.to_string()))
}

/// The filter in `benches/peer`. With the configuration `cached`, it keeps responses.
fn peer(name: &str, configuration: &str) -> Value {
    let module = std::env::var("BENCH_PEER").expect("$BENCH_PEER is the path of the module of benches/peer");
    in_module(filter::wasm(name, "peer", false, &filter::string_value(configuration)), &module)
}

/// The typical steps of bundles around a callout.
fn flow() -> Value {
    let configuration = json!({
        "policies": [MAKE_REQUEST, BARE_CALLOUT, EXTRACT, SET_HEADER],
        "request": [
            "AM-Question",
            {"step": "SC-Geo", "condition": "request.header.x-user != null"},
            {"step": "EV-Geo", "condition": "(calloutResponse.status.code = 200) and (servicecallout.SC-Geo.failed = false)"},
            {"step": "AM-Set", "condition": "geo.country != null"},
        ],
        "clusters": {"http://geo.test": CALLOUT},
        "trace_headers": false,
    });
    filter::wasm("flow", "callout", false, &filter::string_value(&configuration.to_string()))
}

/// Callouts with slow responses, which are independent of each other.
fn slow(name: &str, callouts: usize) -> Value {
    let callout = |index| {
        let (policy, request, response) =
            (format!("SC-{index}"), format!("question{index}"), format!("calloutResponse{index}"));
        let own = [("SC-Geo", &*policy), ("\"question\"", &format!("\"{request}\"")), ("calloutResponse", &*response)];
        let slow = SERVICE_CALLOUT.replace(&format!(".test{}", geo::PATH), &format!(".test{}", geo::SLOW_PATH));
        own.iter().fold(slow, |text, (from, to)| text.replace(from, to))
    };
    let assign = ASSIGN_MESSAGE.replace("calloutResponse", "calloutResponse0");
    let configuration = json!({
        "policies": (0..callouts).map(callout).chain([assign]).collect::<Vec<_>>(),
        "clusters": {"http://geo.test": CALLOUT},
        "trace_headers": false,
        "parallel_callouts": true,
    });
    filter::wasm(name, "callout", false, &filter::string_value(&configuration.to_string()))
}

/// The filter with the policies in the request flow. Trace headers are off, because Lua and ext_authz do not copy them.
fn callout_filter(name: &str, policies: &[&str]) -> Value {
    filter::wasm(name, "callout", false, &callout_configuration(policies))
}

fn callout_configuration(policies: &[&str]) -> Value {
    let configuration = json!({"policies": policies, "clusters": {"http://geo.test": CALLOUT}, "trace_headers": false});
    filter::string_value(&configuration.to_string())
}

/// Checks the status like the other variants, and stores and sets the body.
const LUA: &str = r#"
function envoy_on_request(handle)
  local headers, body = handle:httpCall("callout", {
    [":method"] = "GET",
    [":scheme"] = "http",
    [":authority"] = "geo.test",
    [":path"] = "/geo",
    ["x-user"] = handle:headers():get("x-user"),
  }, "", 5000)
  if headers[":status"] ~= "200" then
    handle:respond({[":status"] = "500"}, "callout failed")
    return
  end
  handle:streamInfo():filterState():set("calloutResponse.content", "envoy.string", body)
  handle:headers():replace("x-geo", body)
end
"#;

fn ext_authz() -> Value {
    let header = |name| json!({"patterns": [{"exact": name}]});
    json!({
        "name": "envoy.filters.http.ext_authz",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
            "transport_api_version": "V3",
            "allowed_headers": header(geo::USER),
            "http_service": {
                "server_uri": {"uri": "http://geo.test", "cluster": CALLOUT, "timeout": "5s"},
                "authorization_response": {
                    "allowed_upstream_headers": header(geo::GEO),
                    "dynamic_metadata_from_headers": header(geo::GEO),
                },
            },
        },
    })
}
