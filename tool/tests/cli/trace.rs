//! `trace`: its output as text and JSON, and its errors.

use super::render::bundle;
use super::{Run, run, run_in_project, run_reading, run_with, scratch};
use serde_json::{Value, json};

const SHOP: [&str; 4] = [
    "../../examples/shop/apiproxy",
    "../../examples/shop/trace",
    "--environment",
    "../../examples/shop/environment.yaml",
];

/// Runs `trace` on a path. The names of messages refer to `tests/cli/trace`.
fn trace(path: &[&str], arguments: &[&str]) -> Run {
    let arguments = arguments.iter().map(|argument| match argument.ends_with(".http") {
        true => match argument.split_once('=') {
            Some((policy, file)) => format!("{policy}=../../tool/tests/cli/trace/{file}"),
            None => format!("../../tool/tests/cli/trace/{argument}"),
        },
        false => (*argument).to_owned(),
    });
    let all: Vec<String> =
        ["trace"].iter().chain(path).map(|argument| (*argument).to_owned()).chain(arguments).collect();
    run(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_trace_contains_the_events_from_request_to_response() {
    let arguments = ["--request", "near.http", "--reply", "place.http", "--upstream", "forecast.http"];
    let run = trace(&["weather", "log"], &arguments);
    assert_eq!((run.status, run.errors.as_str()), (0, ""));
    assert_eq!(run.output, include_str!("trace/weather.txt"));
}

#[test]
fn a_fault_is_reported_with_its_fault_rule() {
    let failed = trace(&SHOP, &["--request", "item.http", "--reply", "SC-Stock=timeout"]);
    assert_eq!((failed.status, failed.output.as_str()), (0, include_str!("trace/shop.txt")));
    let raised = trace(&SHOP, &["--request", "order.http", "--reply", "SC-Risk=forbidden.http"]);
    assert_eq!((raised.status, raised.output.as_str()), (0, include_str!("trace/order.txt")));
}

#[test]
fn a_trace_can_be_json() {
    let run = trace(&SHOP, &["--request", "item.http", "--reply", "SC-Stock=timeout", "--json"]);
    let expected: Value = serde_json::from_str(include_str!("trace/shop.json")).unwrap();
    assert_eq!((run.status, run.output), (0, format!("{expected:#}\n")));
}

#[test]
fn lines_have_at_most_100_columns() {
    for arguments in [&["--request", "order.http"][..], &["--request", "item.http", "--reply", "place.http"]] {
        let run = trace(&SHOP, arguments);
        assert!(run.output.lines().all(|line| line.chars().count() <= 100), "{}", run.output);
    }
}

#[test]
fn only_terminals_get_colours() {
    let arguments = ["trace", "weather", "log", "--request", "../../tool/tests/cli/trace/near.http"];
    assert!(!run(&arguments).output.contains('\u{1b}'));
    assert!(run_with(&arguments, &[("CLICOLOR_FORCE", "1")]).output.contains('\u{1b}'));
}

#[test]
fn a_request_can_come_from_standard_input() {
    let arguments = ["trace", "weather", "log", "--request", "-", "--json"];
    let run = run_reading(&arguments, "GET /tenants HTTP/1.1\r\nTenant: acme\r\n\r\n");
    let trace: Value = serde_json::from_str(&run.output).unwrap();
    assert_eq!((run.status, &trace["proxy_endpoint"], &trace["is_local_reply"]), (0, &json!("tenants"), &json!(true)));
    // The callout has no reply.
    let steps: Vec<&Value> =
        trace["events"].as_array().unwrap().iter().filter(|event| event["event"] == "step").collect();
    assert_eq!(steps[1]["events"][0]["request"]["url"], "https://acme.example.com/limits");
    assert_eq!(steps[1]["events"][0]["source"], "missing");
    assert_eq!(steps[1]["outcome"], "fault");
    assert_eq!(trace["fault"]["code"], "steps.servicecallout.ExecutionFailed");
}

#[test]
fn unused_replies_are_reported() {
    let arguments = ["--request", "near.http", "--reply", "place.http", "--reply", "forecast.http"];
    let run = trace(&["weather", "log"], &arguments);
    let warning = "\nwarning: unused reply ../../tool/tests/cli/trace/forecast.http\n";
    assert!(run.status == 0 && run.output.ends_with(warning), "{}", run.output);
}

#[test]
fn a_request_outside_the_base_path_passes() {
    let run = run_reading(&["trace", "../../examples/orders/envoy.yaml", "--request", "-"], "GET /v2\n");
    let expected = "GET http://localhost/v2\nproxy endpoint default\n\nNo step runs: the filter passes the request\n\n\
                    The upstream gets\n  GET http://localhost/v2\n\nThe upstream responds\n  200 OK\n\n\
                    The client gets the upstream's response\n  200 OK\n";
    assert_eq!((run.status, run.output.as_str()), (0, expected));
}

#[test]
fn a_rejected_configuration_has_the_report_of_check() {
    let input = "GET /any\n";
    let alone = run_reading(&["trace", "weather", "--request", "-", "--proxy-endpoint", "default"], input);
    let expected = "\
error: unknown shared flow log; pass its bundle as a further path
 --> weather/apiproxy/policies/FC-Log.xml:1:28
  |
1 | <FlowCallout name=\"FC-Log\"><SharedFlowBundle>log</SharedFlowBundle></FlowCallout>
  |                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

1 error in 10 files
";
    assert_eq!((alone.status, alone.output.as_str()), (1, expected));
    let json = run_reading(&["trace", "weather", "--request", "-", "--proxy-endpoint", "default", "--json"], input);
    assert_eq!(serde_json::from_str::<Value>(&json.output).unwrap()["errors"], 1);
    assert_eq!(run_reading(&["trace", "troubled", "--request", "-", "--proxy-endpoint", "default"], input).status, 1);
}

#[test]
fn invalid_inputs_are_usage_errors() {
    let folder = scratch("messages");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let near = "../../tool/tests/cli/trace/near.http";
    let broken = write("broken.http", "GET / HTTP/1.1\nHost: a\nno header\n\n");
    let response = write("response.http", "HTTP/1.1 200 OK\n\n");
    let cases: [(&[&str], String); 9] = [
        (
            &["--request", &broken],
            format!("{broken}, line 3: a header has the form Name: value; an empty line precedes the body"),
        ),
        (
            &["--request", &response],
            format!("{response}, line 1: a request starts with a line such as GET /path HTTP/1.1"),
        ),
        (&["--request", "none.http"], "cannot read none.http: No such file or directory (os error 2)".to_owned()),
        (
            &["--request", near, "--reply", near],
            format!("{near}, line 1: a response starts with a line such as HTTP/1.1 200 OK"),
        ),
        (
            &["--request", near, "--upstream", &broken],
            format!("{broken}, line 1: a response starts with a line such as HTTP/1.1 200 OK"),
        ),
        (&["--request", near, "--reply", "SC-Gone=timeout"], "unknown policy \"SC-Gone\" in --reply".to_owned()),
        (
            &["--request", "../../tool/tests/cli/trace/item.http"],
            "no proxy endpoint matches /shop/items/7; available: default (/weather), tenants (/tenants)".to_owned(),
        ),
        (
            &["--request", near, "--proxy-endpoint", "x"],
            "unknown proxy endpoint \"x\"; available: default (/weather), tenants (/tenants)".to_owned(),
        ),
        (
            &["--request", near, "../../examples/orders/envoy.yaml"],
            "pass bundles or a filter configuration, not both".to_owned(),
        ),
    ];
    for (arguments, message) in cases {
        let run = run(&[&["trace", "weather", "log"], arguments].concat());
        assert_eq!((run.status, run.output.as_str()), (2, ""), "{arguments:?}");
        assert_eq!(run.errors, format!("envoy-callout: {message}\n"));
    }
    let policy = run(&["trace", "weather/apiproxy/policies/FC-Log.xml", "--request", near]);
    let message = "no input to trace: pass a proxy bundle, a shared flow or a filter configuration";
    assert_eq!((policy.status, policy.errors), (2, format!("envoy-callout: {message}\n")));
    let of_filter = ["trace", "../../examples/orders/envoy.yaml", "--environment", SHOP[3], "--request", near];
    assert_eq!(run(&of_filter).status, 2);
}

/// A filter configuration with fault rules and a policy that fails.
fn failing(name: &str, rules: &str) -> String {
    let raise = |name: &str, status: u16| {
        format!(
            "<RaiseFault name='{name}'><FaultResponse><Set><StatusCode>{status}</StatusCode></Set></FaultResponse></RaiseFault>"
        )
    };
    let callout = "<ServiceCallout name='SC'><Response>r</Response><HTTPTargetConnection><URL>http://a.test</URL>\
                   </HTTPTargetConnection></ServiceCallout>";
    let assign = "<AssignMessage name='AM'><Set><StatusCode>404</StatusCode></Set></AssignMessage>";
    let configuration = json!({
        "policies": [callout, raise("RF", 418), assign], "request": ["SC"], "clusters": {"*": "any"},
        "fault_rules": format!("<FaultRules><FaultRule name='f'>{rules}</FaultRule></FaultRules>"),
    });
    let path = scratch(name).join("filter.json");
    std::fs::write(&path, configuration.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_fault_is_that_of_the_response() {
    let cases = [
        ("kept", "<Step><Name>AM</Name></Step>", "steps.servicecallout.ExecutionFailed", 404),
        ("replaced", "<Step><Name>RF</Name></Step>", "steps.raisefault.RaiseFault", 418),
    ];
    for (name, rules, code, status) in cases {
        let path = failing(&format!("fault-{name}"), rules);
        let run = run_reading(&["trace", &path, "--request", "-", "--reply", "SC=unreachable", "--json"], "GET /\n");
        let trace: Value = serde_json::from_str(&run.output).unwrap();
        assert_eq!((&trace["fault"]["code"], &trace["response"]["status"]), (&json!(code), &json!(status)), "{name}");
    }
}

#[test]
fn without_a_route_rule_no_upstream_gets_the_request() {
    let policy = "<AssignMessage name='A'><Set><Headers><Header name='x'>y</Header></Headers></Set></AssignMessage>";
    let path = bundle("trace-no-route", "<Step><Name>A</Name></Step>", &[policy], "");
    let text = run_reading(&["trace", &path, "--request", "-"], "GET /a\n");
    let expected = "\
GET http://localhost/a
proxy endpoint default of trace-no-route

PreFlow, request
  1  A (AssignMessage)
     wrote  request.header.x = y

No RouteRule: the rendered Envoy has no route to an upstream

The client gets, instead of the upstream's response
  404 Not Found
    content-type: application/json
    {\"fault\":{\"faultstring\":\"Unable to identify proxy\",\"detail\":{\"errorcode\":\"messaging.adaptors.htt
    p.flow.ApplicationNotFound\"}}}

Filter state
  wasm.assignmessage.A.failed = false
";
    assert_eq!((text.status, text.output.as_str()), (0, expected));
    let json = run_reading(&["trace", &path, "--request", "-", "--json"], "GET /a\n");
    let trace: Value = serde_json::from_str(&json.output).unwrap();
    assert_eq!((&trace["upstream_request"], &trace["upstream_response"]), (&Value::Null, &Value::Null));
    assert_eq!(trace["response"]["status"], 404);
    assert_eq!(trace["events"].as_array().unwrap().last(), Some(&json!({"event": "no_route"})));
}

#[test]
fn a_long_body_is_wrapped_once() {
    let path = scratch("long-body").join("filter.json");
    let callout = "<ServiceCallout name='SC'><Response>r</Response><HTTPTargetConnection><URL>http://a.test</URL>\
                   </HTTPTargetConnection></ServiceCallout>";
    let configuration = json!({"policies": [callout], "request": ["SC"], "clusters": {"*": "any"}});
    std::fs::write(&path, configuration.to_string()).unwrap();
    let reply = path.with_file_name("reply.http");
    std::fs::write(&reply, format!("HTTP/1.1 200 OK\n\n    {}\n", "x".repeat(200))).unwrap();
    let (path, reply) = (path.to_str().unwrap(), reply.to_str().unwrap());
    let output = run_reading(&["trace", path, "--request", "-", "--reply", reply], "GET /\n").output;
    let lengths: Vec<usize> = output.lines().filter(|line| line.ends_with("xx")).map(str::len).collect();
    assert_eq!(lengths, [100, 100, 46], "{output}");
}

#[test]
fn a_reply_has_the_format_of_curl() {
    let reply = scratch("curl").join("reply.txt");
    let text = "\u{feff}HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 40\r\ncontent-type: application/json\r\n\r\n{\"id\":1}\r\n";
    std::fs::write(&reply, text).unwrap();
    let arguments = ["--request", "near.http", "--reply", reply.to_str().unwrap(), "--json"];
    let run = trace(&["weather", "log"], &arguments);
    let trace: Value = serde_json::from_str(&run.output).unwrap();
    let call = trace["events"].as_array().unwrap().iter().find_map(|event| event["events"][0]["reply"].as_object());
    assert_eq!((run.status, &call.unwrap()["status"], &call.unwrap()["body"]), (0, &json!(200), &json!("{\"id\":1}")));
}

#[test]
fn a_reply_can_name_the_policy_of_a_shared_flow() {
    let call = |path: &str| {
        format!(
            "<ServiceCallout name='SC'><Response>r</Response><HTTPTargetConnection><URL>http://a.test/{path}</URL>\
             </HTTPTargetConnection></ServiceCallout>"
        )
    };
    let configuration = json!({
        "policies": [call("proxy"), "<FlowCallout name='F'><SharedFlowBundle>log</SharedFlowBundle></FlowCallout>"],
        "request": ["SC", "F"],
        "shared_flows": [{"name": "log", "xml": "<SharedFlow><Step><Name>SC</Name></Step></SharedFlow>", "policies": [call("flow")]}],
        "clusters": {"*": "any"},
    });
    let path = scratch("replies").join("filter.json");
    std::fs::write(&path, configuration.to_string()).unwrap();
    let replies = ["--request", "item.http", "--reply", "log/SC=timeout", "--reply", "SC=place.http", "--json"];
    let run = trace(&[path.to_str().unwrap()], &replies);
    let trace: Value = serde_json::from_str(&run.output).unwrap();
    let steps: Vec<&Value> =
        trace["events"].as_array().unwrap().iter().filter(|event| event["event"] == "step").collect();
    assert_eq!(
        (steps[0]["events"][0]["request"]["url"].as_str(), &steps[0]["outcome"]),
        (Some("http://a.test/proxy"), &json!("ran"))
    );
    let inside = &steps[1]["events"][0]["events"][0];
    assert_eq!(
        (inside["request"]["url"].as_str(), inside["failure"].as_str()),
        (Some("http://a.test/flow"), Some("timeout"))
    );
}

#[test]
fn the_url_of_a_target_is_expanded() {
    let path = bundle("trace-target", "", &[], "<RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>");
    let target = "<TargetEndpoint name='t'><HTTPTargetConnection><URL>http://{request.header.host}/x</URL></HTTPTargetConnection></TargetEndpoint>";
    std::fs::write(format!("{path}/apiproxy/targets/t.xml"), target).unwrap();
    let run = run_reading(&["trace", &path, "--request", "-", "--json"], "GET /a/b HTTP/1.1\r\nHost: h.test\r\n\r\n");
    let trace: Value = serde_json::from_str(&run.output).unwrap();
    assert_eq!((run.status, trace["upstream_request"]["url"].as_str()), (0, Some("http://h.test/x/b")));
}

/// The commands of examples/weather/README.md.
#[test]
fn the_weather_example_runs_without_a_network() {
    let trace = |reply: &str| {
        let reply = format!("SC-Place=examples/weather/trace/{reply}.http");
        let request = "examples/weather/trace/request.http";
        let run = run_in_project(&["trace", "examples/weather", "--request", request, "--reply", &reply]);
        assert_eq!((run.status, run.errors.as_str()), (0, ""));
        run.output
    };
    let known = trace("known");
    assert!(known.contains("\n  + X-Place: San Jose\n"), "{known}");
    let unknown = trace("unknown");
    assert!(unknown.contains("\nfault rule place-unknown: taken\n"), "{unknown}");
    assert!(unknown.contains("\n  404 Not Found\n"), "{unknown}");
}

/// The upstream receives what the rendered Envoy sends to the first server of a load balancer.
#[test]
fn the_upstream_gets_the_path_and_the_host_of_its_target() {
    let request = "GET /shop/items/7?full=1 HTTP/1.1\r\nHost: api.example.com\r\n\r\n";
    let reply = "SC-Stock=../../tool/tests/cli/trace/place.http";
    let arguments = [&["trace", "--json", "--request", "-", "--reply", reply][..], &SHOP].concat();
    let run = run_reading(&arguments, request);
    let trace: Value = serde_json::from_str(&run.output).unwrap();
    let url = "http://catalogue-1.internal.example.com:8080/catalogue/items/7?full=1";
    assert_eq!((run.status, trace["upstream_request"]["url"].as_str()), (0, Some(url)));
    let names = trace["upstream_request"]["headers"].as_array().unwrap().iter().map(|line| line[0].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["X-Trace", "X-Stock", "X-Warehouse"]);
}

#[test]
fn a_trace_as_html_is_one_page_with_escaped_and_masked_texts() {
    let page = scratch("trace-html").join("trace.html");
    let (file, reply) = (page.to_str().unwrap(), "SC-Place=../../examples/weather/trace/unknown.http");
    let arguments = ["trace", "../../examples/weather", "--request", "-", "--html", file, "--reply", reply];
    let request =
        "GET /weather?code=7 HTTP/1.1\r\nHost: a.test\r\nX-Tag: <script>\r\nAuthorization: Bearer s3cret-token\r\n\r\n";
    let run = run_reading(&arguments, request);
    assert_eq!((run.status, run.errors.as_str()), (0, ""));
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!doctype html>\n") && page.ends_with("</body></html>\n"), "{page}");
    for part in [
        "<h1>GET http://a.test/weather?code=7</h1>",
        "x-tag: &lt;script&gt;\nauthorization: Bearer ********",
        "<li class=\"fault\"><details open><summary>1. SC-Place <span class=\"kind\">ServiceCallout</span> failed</summary>",
        "→ 404 Not Found</summary>",
        "<tr><td>placeResponse.status.code</td><td>404</td></tr>",
        "<li class=\"ran\">fault rule place-unknown: taken",
        "<h2>Response to the client</h2><pre>404 Not Found\n",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    for part in ["<script", "s3cret", " src=", " href=", "url("] {
        assert!(!page.contains(part), "{part}\n{page}");
    }
    let missing = run_reading(
        &["trace", "../../examples/weather", "--request", "-", "--html", "/nowhere/x.html"],
        "GET /weather\n",
    );
    assert_eq!(missing.status, 2);
    assert_eq!(missing.errors, "envoy-callout: cannot write /nowhere/x.html: No such file or directory (os error 2)\n");
}
