//! `check`: mistakes of documents that a run would not show, or would show late.

use super::render::bundle;
use super::{run, scratch};
use std::fs;
use std::path::Path;

/// The errors and warnings of a bundle, without the places.
fn texts(arguments: &[&str]) -> Vec<String> {
    let output = run(&[&["check"], arguments].concat()).output;
    let lines = output.lines().filter(|line| line.starts_with("error") || line.starts_with("warning"));
    lines.map(str::to_owned).collect()
}

const ROUTE: &str = "<RouteRule name='r'/>";
const LOOKUP: &str = "<LookupCache name='LC-Stock'><CacheKey><KeyFragment ref='proxy.pathsuffix'/></CacheKey>\
    <AssignTo>stock</AssignTo></LookupCache>";
const VERIFY: &str = "<VerifyJWT name='VJ-Token'><Algorithm>HS256</Algorithm><SecretKey><Value ref='private.k'/></SecretKey>\
    </VerifyJWT>";

#[test]
fn attributes_that_apigee_does_not_know_have_warnings() {
    let policies = [
        LOOKUP.replace("ref=", "reff="),
        "<AssignMessage name='AM'><Copy sorce='request'/><Set><Headers><Header nmae='X' name='X'>{stock}</Header></Headers></Set>\
         </AssignMessage>"
            .to_owned(),
    ];
    let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
    let steps = "<Step><Name>LC-Stock</Name></Step><Step><Name>AM</Name></Step>";
    let path = bundle("mistakes-attributes", steps, &policies, "<RouteRule name='r' condition='false'/>");
    assert_eq!(
        texts(&[&path]),
        [
            "warning: unknown attribute sorce in Copy is ignored; did you mean source?",
            "warning: unknown attribute nmae in Header is ignored; did you mean name?",
            "warning: KeyFragment has neither a text nor ref and is not a part of the key",
            "warning: unknown attribute reff in KeyFragment is ignored; did you mean ref?",
            "warning: unknown attribute condition in RouteRule is ignored",
        ]
    );
}

#[test]
fn properties_of_a_target_are_checked_once() {
    let warnings = |property: &str| {
        let path =
            bundle("mistakes-target", "", &[], "<RouteRule name='r'><TargetEndpoint>t</TargetEndpoint></RouteRule>");
        let folder = Path::new(&path).join("apiproxy/targets");
        fs::create_dir_all(&folder).unwrap();
        let target = format!(
            "<TargetEndpoint name='t'><HTTPTargetConnection><URL>http://10.0.0.1:8080</URL><Properties>{property}</Properties>\
             </HTTPTargetConnection></TargetEndpoint>"
        );
        fs::write(folder.join("t.xml"), target).unwrap();
        texts(&[&path])
    };
    let timeout = |value: &str| {
        format!("warning: io.timeout.millis: {value:?} is not a positive number of milliseconds and is ignored")
    };
    let cases = [
        ("<Property name='io.timeout.millis'>8000</Property>", vec![]),
        ("<Property name='connect.timeout.millis'>100</Property>", vec![]),
        ("<Property name='io.timeout.millis'>8s</Property>", vec![timeout("8s")]),
        ("<Property name='io.timeout.millis'>0</Property>", vec![timeout("0")]),
        ("<Property name='io.timeout.millis'>-1</Property>", vec![timeout("-1")]),
        (
            "<Property name='io.timeout.milis'>8000</Property>",
            vec![
                "warning: unknown property \"io.timeout.milis\" is ignored; did you mean io.timeout.millis?".to_owned(),
            ],
        ),
        (
            "<Property nmae='io.timeout.millis'>8000</Property>",
            vec![
                "warning: unknown property \"\" is ignored".to_owned(),
                "warning: unknown attribute nmae in Property is ignored; did you mean name?".to_owned(),
            ],
        ),
    ];
    for (property, expected) in cases {
        assert_eq!(warnings(property), expected, "{property}");
    }
}

#[test]
fn a_word_in_a_condition_may_be_a_text_or_a_constant() {
    let warnings = |condition: &str| {
        let steps =
            format!("<Step><Name>LC-Stock</Name></Step><Step><Condition>{condition}</Condition><Name>AM</Name></Step>");
        let policy =
            "<AssignMessage name='AM'><AssignVariable><Name>a</Name><Value>b</Value></AssignVariable></AssignMessage>";
        texts(&[&bundle("mistakes-condition", &steps, &[LOOKUP, policy], ROUTE)])
    };
    let cases = [
        ("request.verb = \"GET\"", None),
        ("stock = a", None),
        ("request.verb == GET", Some("nothing sets the variable GET; a text has double quotes: \"GET\"")),
        ("request.verb = 'GET'", Some("nothing sets the variable GET; a text has double quotes: \"GET\"")),
        ("GET = request.verb", Some("nothing sets the variable GET")),
        ("request.verb = reqest.verb", Some("nothing sets the variable reqest.verb; did you mean request.verb?")),
        ("lookupcache.LC-Stock.cachehit = flase", Some("nothing sets the variable flase; did you mean false?")),
        ("lookupcache.LC-Stock.cachehit = ture", Some("nothing sets the variable ture; did you mean true?")),
        ("stock = nul", Some("nothing sets the variable nul; did you mean null?")),
        (
            "lookupcache.LC-Stok.cachehit = true",
            Some("nothing sets the variable lookupcache.LC-Stok.cachehit; did you mean lookupcache.LC-Stock.cachehit?"),
        ),
    ];
    for (condition, expected) in cases {
        let expected: Vec<String> = expected.into_iter().map(|text| format!("warning: {text}")).collect();
        assert_eq!(warnings(condition), expected, "{condition}");
    }
}

#[test]
fn the_variables_of_a_policy_have_suggestions() {
    let steps = "<Step><Name>VJ-Token</Name></Step><Step><Name>AM</Name></Step>";
    let policy = |variable: &str| {
        format!(
            "<AssignMessage name='AM'><Set><Headers><Header name='X'>{{{variable}}}</Header></Headers></Set></AssignMessage>"
        )
    };
    let environment = scratch("mistakes-variables").join("environment.yaml");
    fs::write(&environment, "properties: {private.k: 0123456789abcdef0123456789abcdef}\n").unwrap();
    let cases = [
        ("jwt.VJ-Token.claim.subject", None),
        ("jwt.VJ-Tokn.claim.subject", Some("jwt.VJ-Token.claim.subject")),
        ("jwt.VJ-Tokn.failed", Some("jwt.VJ-Token.failed")),
    ];
    for (variable, suggestion) in cases {
        let path = bundle("mistakes-variable", steps, &[VERIFY, &policy(variable)], ROUTE);
        let expected: Vec<String> = suggestion
            .into_iter()
            .map(|right| format!("warning: nothing sets the variable {variable}; did you mean {right}?"))
            .collect();
        assert_eq!(texts(&[&path, "--environment", environment.to_str().unwrap()]), expected, "{variable}");
    }
}

#[test]
fn maps_and_keys_that_do_not_exist_have_warnings() {
    let steps = "<Step><Name>KV</Name></Step>";
    let environment = scratch("mistakes-maps").join("environment.yaml");
    fs::write(&environment, "key_value_maps:\n  settings:\n    entries: {limit: 5}\n").unwrap();
    let cases = [
        ("settings", "limit", None),
        ("settings", "limt", Some("the key value map settings has no key limt; did you mean limit?")),
        (
            "setings",
            "limit",
            Some("unknown key value map setings: add it to key_value_maps of the environment; did you mean settings?"),
        ),
    ];
    for (map, key, expected) in cases {
        let policy = format!(
            "<KeyValueMapOperations name='KV' mapIdentifier='{map}'><Get assignTo='v'><Key><Parameter>{key}</Parameter></Key></Get>\
             </KeyValueMapOperations>"
        );
        let path = bundle("mistakes-map", steps, &[&policy], ROUTE);
        let expected: Vec<String> = expected.into_iter().map(|text| format!("warning: {text}")).collect();
        assert_eq!(texts(&[&path, "--environment", environment.to_str().unwrap()]), expected, "{map} {key}");
    }
}

#[test]
fn an_element_without_an_end_tag_has_the_line_of_its_start() {
    let path = bundle("mistakes-tag", "", &[], "\n<PostFlow>\n<Request/>\n<RouteRule name='r'/>");
    assert_eq!(
        texts(&[&path]),
        [
            "error: not a well-formed XML document: expected 'PostFlow' tag, not 'ProxyEndpoint'; 'PostFlow' is opened at line 2"
        ]
    );
}
