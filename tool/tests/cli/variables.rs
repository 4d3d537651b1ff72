//! `check`: names that nothing sets or raises.

use super::render::bundle;
use super::{run, run_in_project, scratch};
use std::fs;
use std::path::Path;

/// The errors and warnings of a report, each with the text that is underlined.
fn problems(report: &str) -> Vec<(String, String)> {
    let mut problems: Vec<(String, String)> = Vec::new();
    let mut source = "";
    for line in report.lines() {
        if line.starts_with("error") || line.starts_with("warning") {
            problems.push((line.to_owned(), String::new()));
        } else if let Some((number, text)) = line.split_once(" | ") {
            match number.trim().is_empty() {
                false => source = text,
                true => {
                    let marked = source.chars().zip(text.chars()).filter(|(_, mark)| *mark == '^');
                    problems.last_mut().unwrap().1 = marked.map(|(character, _)| character).collect();
                }
            }
        }
    }
    problems
}

fn check(path: &str) -> Vec<(String, String)> {
    problems(&run(&["check", path]).output)
}

fn texts(path: &str) -> Vec<String> {
    check(path).into_iter().map(|(text, _)| text).collect()
}

/// The proxy calls a service for a user and greets the user.
const CALLOUT: &str = "<ServiceCallout name='SC'><Response>userResponse</Response><HTTPTargetConnection>
    <URL>https://users.test/{request.queryparam.id}</URL></HTTPTargetConnection></ServiceCallout>";
const EXTRACT: &str = "<ExtractVariables name='EV'>\n<Source>userResponse</Source><VariablePrefix>user</VariablePrefix>
    <JSONPayload><Variable name='mail'><JSONPath>$.mail</JSONPath></Variable></JSONPayload></ExtractVariables>";
const GREET: &str =
    "<AssignMessage name='AM'>\n<Set><Headers><Header name='X'>{user.mail}</Header></Headers></Set></AssignMessage>";
const STEPS: &str =
    "<Step><Condition>request.queryparam.id != \"0\"</Condition><Name>SC</Name></Step>\n<Step><Name>EV</Name>
    </Step><Step><Name>AM</Name></Step>";
const RULES: &str =
    "\n<FaultRules><FaultRule name='f'><Condition>fault.name = \"ExecutionFailed\"</Condition><Step><Name>AM</Name>
    </Step></FaultRule></FaultRules><RouteRule name='r'/>";

#[test]
fn a_misspelt_name_has_one_warning() {
    let all = [CALLOUT, EXTRACT, GREET];
    assert_eq!(check(&bundle("names-right", STEPS, &all, RULES)), []);
    let with = |index: usize, from: &str, to: &str| {
        let mut policies = all.map(str::to_owned);
        policies[index] = policies[index].replace(from, to);
        let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
        check(&bundle("names-wrong", STEPS, &policies, RULES))
    };
    let warning = |text: &str, word: &str| vec![(format!("warning: {text}"), word.to_owned())];
    let steps = STEPS.replace("request.queryparam.id", "reqest.queryparam.id");
    assert_eq!(
        check(&bundle("names-condition", &steps, &all, RULES)),
        warning(
            "nothing sets the variable reqest.queryparam.id; did you mean request.queryparam.id?",
            "reqest.queryparam.id"
        )
    );
    let rules = RULES.replace("ExecutionFailed", "ExecutionFaild");
    assert_eq!(
        check(&bundle("names-fault", STEPS, &all, &rules)),
        warning(
            "no policy of this proxy raises the fault ExecutionFaild; did you mean ExecutionFailed?",
            "ExecutionFaild"
        )
    );
    let cases = [
        (0, "request.queryparam", "request.quryparam", "request.quryparam.id", "request.queryparam.id"),
        (2, "user.mail", "user.mial", "user.mial", "user.mail"),
        (2, "user.mail", "userResponse.contnt", "userResponse.contnt", "userResponse.content"),
        (2, "user.mail", "userRespons.content", "userRespons.content", "userResponse.content"),
        (2, "user.mail", "servicecallout.SV.failed", "servicecallout.SV.failed", "servicecallout.SC.failed"),
        (2, "user.mail", "proxy.pathsufix", "proxy.pathsufix", "proxy.pathsuffix"),
    ];
    for (index, from, to, wrong, right) in cases {
        let text = format!("nothing sets the variable {wrong}; did you mean {right}?");
        assert_eq!(with(index, from, to), warning(&text, wrong), "{to}");
    }
    assert_eq!(with(2, "user.mail", "other"), warning("nothing sets the variable other", "other"));
    assert_eq!(
        with(1, "<Source>userResponse", "<Source>userRespons"),
        warning("no policy makes the message userRespons; did you mean userResponse?", "userRespons")
    );
    assert_eq!(
        with(2, "{user.mail}", "Hello {user.mail"),
        warning(
            "{user.mail is not closed: it is text and not a variable; write {user.mail}",
            "<Header name='X'>Hello {user.mail</Header>"
        )
    );
    // A default or a comparison with null tolerates an absent variable, but not a typing error.
    assert_eq!(with(2, "{user.mail}", "{flow.language:en}"), []);
    assert_eq!(
        with(2, "{user.mail}", "{user.mial:none}"),
        warning("nothing sets the variable user.mial; did you mean user.mail?", "user.mial")
    );
}

#[test]
fn a_fault_that_no_policy_raises_has_a_warning() {
    let cases: [(&str, &str, &[&str]); 7] = [
        ("fault.name = \"GatewayTimeout\" or fault.name = \"UnresolvedVariable\"", GREET, &[]),
        ("fault.name != \"RaiseFault\"", GREET, &["no policy of this proxy raises the fault RaiseFault"]),
        ("fault.name Matches \"Raise*\"", GREET, &[]),
        ("fault.name = \"RaiseFault\"", "<RaiseFault name='AM'/>", &[]),
        (
            "fault.name = \"steps.servicecallout.ExecutionFailed\"",
            CALLOUT,
            &[
                "no policy of this proxy raises the fault steps.servicecallout.ExecutionFailed; did you mean ExecutionFailed?",
            ],
        ),
        // A skipped policy raises faults of its own.
        ("fault.name = \"InvalidApiKey\"", "<VerifyAPIKey name='AM'/>", &[]),
        (
            "fault.name = \"ExecutionFaild\"",
            "<VerifyAPIKey name='AM'/>",
            &["no policy of this proxy raises the fault ExecutionFaild; did you mean ExecutionFailed?"],
        ),
    ];
    for (condition, policy, expected) in cases {
        let policy = policy.replace("name='SC'", "name='AM'").replace("{user.mail}", "x");
        let rules = format!(
            "<FaultRules><FaultRule><Condition>{condition}</Condition><Step><Name>AM</Name></Step></FaultRule></FaultRules>
             <RouteRule name='r'/>"
        );
        let found = texts(&bundle("names-faults", "", &[&policy], &rules));
        let found: Vec<&str> = found.iter().filter_map(|text| text.strip_prefix("warning: no policy")).collect();
        let expected: Vec<&str> = expected.iter().map(|text| text.strip_prefix("no policy").unwrap()).collect();
        assert_eq!(found, expected, "{condition}");
    }
}

/// Policies that the filter skips, shared flows that are not given, and the environment set variables too.
#[test]
fn names_that_something_else_may_set_have_no_warning() {
    let reads = |names: &[&str]| {
        let headers: String = names.iter().map(|name| format!("<Header name='X'>{{{name}}}</Header>")).collect();
        format!("<AssignMessage name='AM'><Set><Headers>{headers}</Headers></Set></AssignMessage>")
    };
    let steps = "<Step><Name>S</Name></Step><Step><Name>AM</Name></Step>";
    let cases: [(&str, &[&str]); 15] = [
        (
            "<Javascript name='S'><ResourceURL>jsc://a.js</ResourceURL></Javascript>",
            &["anything", "flow.x", "reqest.verb"],
        ),
        ("<JavaCallout name='S'/>", &["anything"]),
        ("<Script name='S'/>", &["anything"]),
        (
            "<KeyValueMapOperations name='S'><Get assignTo='private.key'/><Get assignTo='kvm.url'/></KeyValueMapOperations>",
            &["private.key", "private.other", "kvm.url"],
        ),
        ("<VerifyJWT name='S'/>", &["jwt.S.decoded.claim.sub", "jwt.S.valid"]),
        ("<DecodeJWT name='S'/>", &["jwt.S.claim.issuer"]),
        (
            "<OAuthV2 name='S'/>",
            &["client_id", "accesstoken.scope", "apiproduct.name", "developer.email", "oauthv2.S.failed"],
        ),
        (
            "<VerifyAPIKey name='S'/>",
            &["verifyapikey.S.client_id", "developer.app.name", "apiproduct.quota", "client_id"],
        ),
        ("<Quota name='S'/>", &["ratelimit.S.allowed.count", "ratelimit.S.exceed.count"]),
        ("<LookupCache name='S'><AssignTo>cached</AssignTo></LookupCache>", &["cached", "lookupcache.S.cachehit"]),
        ("<AccessEntity name='S'/>", &["AccessEntity.S.ApiProduct.Quota"]),
        (
            "<BasicAuthentication name='S'><Operation>Decode</Operation><User ref='u.name'/><Password ref='u.word'/><Source>request.header.authorization</Source></BasicAuthentication>",
            &["u.name", "u.word"],
        ),
        ("<XMLToJSON name='S'><OutputVariable>made</OutputVariable></XMLToJSON>", &["made.content"]),
        ("<FlowCallout name='S'><SharedFlowBundle>gone</SharedFlowBundle></FlowCallout>", &["custom.of.flow", "x"]),
        (
            "<AssignMessage name='S'><AssignTo>made</AssignTo><AssignVariable><Name>copy</Name><Ref>request</Ref></AssignVariable></AssignMessage>",
            &[
                "propertyset.limits.most",
                "private.api-key",
                "response.content",
                "response.content.as.base64",
                "message.header.X.values.count",
                "error.status.code",
                "error.message",
                "fault.reason",
                "request.transport.message",
                "made.header.X",
                "copy.queryparam.a",
                "target.received.end.timestamp",
                "client.received.start.timestamp",
                "system.interface.eth0",
                "apigee.metrics.policy.S.timeTaken",
                "loadbalancing.targetserver",
                "route.name",
                "organization.name",
                "virtualhost.aliases.values",
                "tls.client.s.dn",
            ],
        ),
    ];
    for (policy, names) in cases {
        let found = texts(&bundle("names-others", steps, &[policy, &reads(names)], "<RouteRule name='r'/>"));
        assert!(!found.iter().any(|text| text.contains("nothing sets")), "{policy} {found:?}");
    }
    // A typing error of a predefined name is one, whatever a shared flow sets.
    let flow = "<FlowCallout name='S'><SharedFlowBundle>gone</SharedFlowBundle></FlowCallout>";
    let found = texts(&bundle("names-flow", steps, &[flow, &reads(&["reqest.verb"])], "<RouteRule name='r'/>"));
    assert!(found.contains(&"warning: nothing sets the variable reqest.verb; did you mean request.verb?".to_owned()));
    // The environment sets constants.
    let path = bundle(
        "names-environment",
        "<Step><Name>AM</Name></Step>",
        &[&reads(&["kvm.version"])],
        "<RouteRule name='r'/>",
    );
    assert_eq!(texts(&path), ["warning: nothing sets the variable kvm.version"]);
    let environment = Path::new(&path).join("test.yaml");
    fs::write(&environment, "properties: {kvm.version: 1.10}\n").unwrap();
    let run = run(&["check", &path, "--environment", environment.to_str().unwrap()]);
    assert_eq!(problems(&run.output), []);
}

#[test]
fn the_examples_read_only_what_is_set() {
    for paths in [
        &["examples/weather"][..],
        &["examples/caching/envoy.yaml"],
        &["examples/shop", "examples/shop/trace"],
        &["tests/bundles/weather", "tests/bundles/log"],
        &["tests/bundles/risk"],
        &["tests/bundles/log"],
    ] {
        let arguments: Vec<&str> = std::iter::once("check").chain(paths.iter().copied()).collect();
        let output = run_in_project(&arguments).output;
        let mut problems = problems(&output);
        problems.retain(|(text, _)| !text.starts_with("error: the environment file (--environment) must contain "));
        assert_eq!(problems, [], "{paths:?}");
    }
}

/// Other filters of Envoy can set variables too, so only probable typing errors are reported.
#[test]
fn a_filter_configuration_has_warnings_of_typing_errors() {
    let policy = "<AssignMessage name='AM'><Set><Headers><Header name='X'>{reqest.verb}{of.another.filter}</Header></Headers></Set></AssignMessage>";
    let path = scratch("names-filter").join("filter.json");
    fs::write(&path, serde_json::json!({"policies": [policy]}).to_string()).unwrap();
    let expected = (
        "warning: nothing sets the variable reqest.verb; did you mean request.verb?".to_owned(),
        "reqest.verb".to_owned(),
    );
    assert_eq!(check(path.to_str().unwrap()), [expected]);
}
