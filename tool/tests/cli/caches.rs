//! Cache policies in `trace`.

use super::render::bundle;
use super::run_reading;
use serde_json::Value;

const KEY: &str = "<CacheKey><KeyFragment>k</KeyFragment></CacheKey>";

/// A bundle that looks for an entry before and after it stores one.
fn caching(name: &str) -> String {
    let steps =
        ["LC-Before", "AM-Value", "PC-Value", "LC-After"].map(|step| format!("<Step><Name>{step}</Name></Step>"));
    let lookup = |name: &str| format!("<LookupCache name='{name}'>{KEY}<AssignTo>found</AssignTo></LookupCache>");
    let value = "<AssignMessage name='AM-Value'><AssignVariable><Name>made</Name><Value>v</Value></AssignVariable>\
        </AssignMessage>";
    let store = format!("<PopulateCache name='PC-Value'>{KEY}<Source>made</Source></PopulateCache>");
    let route = "<RouteRule name='r'><URL>http://10.0.0.1:8080/x/</URL></RouteRule>";
    bundle(name, &steps.concat(), &[&lookup("LC-Before"), value, &store, &lookup("LC-After")], route)
}

#[test]
fn a_trace_shows_hits_and_misses() {
    let path = caching("caches-trace");
    let traced = |options: &[&str]| {
        let arguments = ["trace", &path, "--request", "-"].iter().chain(options).copied().collect::<Vec<_>>();
        run_reading(&arguments, "GET /a HTTP/1.1\n\n").output
    };
    let text = traced(&[]);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| line.starts_with("cache ")).collect();
    assert_eq!(lines, ["cache  miss", "cache  hit"], "{text}");
    let report: Value = serde_json::from_str(&traced(&["--json"])).unwrap();
    assert_eq!(results(&report), ["miss", "hit"], "{report:#}");
}

/// The results of the cache events in a report, at any depth.
fn results(report: &Value) -> Vec<&str> {
    match report {
        Value::Object(members) => {
            let own = members.get("result").and_then(Value::as_str).filter(|_| members["event"] == "cache");
            own.into_iter().chain(members.values().flat_map(results)).collect()
        }
        Value::Array(items) => items.iter().flat_map(results).collect(),
        _ => Vec::new(),
    }
}
