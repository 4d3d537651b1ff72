//! Conditions of steps, over data of real requests. Unit tests cover all rules; here every family of
//! operators is tested with values from Envoy.

use serde_json::{Value, json};

use crate::configuration::{accepted_with, rejected};
use crate::lab::{Lab, Listener, Message, MockResponse, Received, Request};
use crate::policy::{ServiceCallout, assign_message, header};

/// Conditions, and whether they are true.
type Conditions = &'static [(&'static str, bool)];

/// A step for each condition, which adds its number to the header `x-ran`.
fn guarded(flow: &str, conditions: Conditions) -> Value {
    let policy = |number| {
        assign_message(&format!("AM-{number}"), &format!("<Add>{}</Add>", header("x-ran", &format!("{number}"))))
    };
    let step = |(number, (condition, _)): (usize, &(&str, bool))| json!({"step": format!("AM-{number}"), "condition": condition});
    json!({
        "policies": (0..conditions.len()).map(policy).collect::<Vec<String>>(),
        flow: conditions.iter().enumerate().map(step).collect::<Vec<Value>>(),
        "proxy": {"base_path": "/v1"},
        "properties": {"limit": 1.5, "count": 7, "on": true, "off": false, "word": "TRUE", "prefix": "A", "glob": "*tem*"},
    })
}

/// Exactly the steps whose conditions are true run.
#[track_caller]
fn assert_ran(message: &impl Message, conditions: Conditions) {
    let ran: Vec<&str> =
        message.header_all("x-ran").iter().map(|number| conditions[number.parse::<usize>().unwrap()].0).collect();
    let holding: Vec<&str> = conditions.iter().filter(|(_, holds)| *holds).map(|(condition, _)| *condition).collect();
    assert_eq!(ran, holding);
}

fn request() -> Request {
    Request::new("POST", "/v1/items/42?n=10&name=Ann&empty=")
        .header("x-name", "Ann")
        .header("x-list", "one, two")
        .header("x-on", "true")
}

/// Steps of the request flow, with conditions about the same request.
fn on_a_request(lab: &mut Lab, name: &str, conditions: Conditions) {
    lab.case(name, move |setup| {
        let site = setup.listener(Listener::new(guarded("request", conditions)));
        move || async move {
            assert_eq!(site.send(request()).await.status, 200);
            assert_ran(&site.upstream().only_request(), conditions);
        }
    });
}

pub fn cases(lab: &mut Lab) {
    comparisons(lab);
    patterns(lab);
    logic(lab);
    nulls(lab);
    messages(lab);
    syntax_errors(lab);
}

fn comparisons(lab: &mut Lab) {
    on_a_request(
        lab,
        "equality",
        &[
            (r#"request.verb = "POST""#, true),
            (r#"request.verb="POST""#, true),
            (r#"request.verb == "POST""#, true),
            (r#"request.verb Equals "POST""#, true),
            (r#"request.verb is "POST""#, true),
            (r#"request.verb = "post""#, false),
            (r#"request.verb != "POST""#, false),
            (r#"request.verb NotEquals "GET""#, true),
            (r#"request.verb isNot "GET""#, true),
            (r#"request.verb := "post""#, true),
            (r#"request.verb EqualsCaseInsensitive "put""#, false),
            ("request.queryparam.name = request.header.X-Name", true),
            ("request.queryparam.name != request.header.x-on", true),
            ("request.queryparam.n = 10", true),
            (r#"request.queryparam.n = "10.0""#, false),
            (r#"count = "7""#, true),
            ("count = 7", true),
            ("limit = 1.5", true),
            (r#"request.queryparam.empty = """#, true),
            ("request.queryparam.empty = null", false),
            (r#"request.header.x-list = "one""#, true),
            (r#"request.header.x-list.2 = "two""#, true),
            ("request.header.x-list.values.count = 2", true),
        ],
    );

    on_a_request(
        lab,
        "ordering",
        &[
            ("request.queryparam.n > 9", true),
            ("request.queryparam.n GreaterThan 10", false),
            ("request.queryparam.n >= 10", true),
            (r#"request.queryparam.n GreaterThanOrEquals "11""#, false),
            ("request.queryparam.n < 9", false),
            ("request.queryparam.n LesserThan 11L", true),
            ("request.queryparam.n <= 9.5", false),
            (r#"request.queryparam.n LesserThanOrEquals "10""#, true),
            ("count > limit", true),
            ("limit < 2", true),
            ("limit > -1.5d", true),
            (r#"request.queryparam.name > "Amy""#, true),
            (r#"request.queryparam.name < "amy""#, true),
            ("request.queryparam.n > request.queryparam.name", false),
        ],
    );
}

fn patterns(lab: &mut Lab) {
    on_a_request(
        lab,
        "matches",
        &[
            (r#"request.path ~ "/v1/*""#, true),
            (r#"request.path Matches "*/42""#, true),
            (r#"request.path Like "/v1/items/42""#, true),
            (r#"request.path Matches "/v1""#, false),
            (r#"request.path Matches "/V1/*""#, false),
            (r#"request.path Matches "/v1/items/4?""#, false),
            (r#"request.path not Matches "/v2/*""#, true),
            (r#"request.path !Matches "/v1/*""#, false),
            (r#"request.path !~ "/v1/*""#, false),
            ("request.path ~ glob", true),
            (r#"request.querystring ~ "n=10&name=%Ann&*""#, true),
        ],
    );

    on_a_request(
        lab,
        "matches_path",
        &[
            (r#"proxy.pathsuffix MatchesPath "/items/{id}""#, true),
            (r#"proxy.pathsuffix ~/ "/items/*""#, true),
            (r#"proxy.pathsuffix LikePath "/items/**""#, true),
            (r#"proxy.pathsuffix MatchesPath "/items/42/""#, true),
            (r#"proxy.pathsuffix MatchesPath "/items/42/**""#, true),
            (r#"proxy.pathsuffix MatchesPath "/items""#, false),
            (r#"proxy.pathsuffix MatchesPath "/*""#, false),
            (r#"proxy.pathsuffix MatchesPath "/**/42""#, true),
            (r#"proxy.pathsuffix MatchesPath "/it*/4*""#, true),
            (r#"proxy.pathsuffix MatchesPath "/it**""#, true),
            (r#"proxy.pathsuffix not MatchesPath "/items/*""#, false),
            (r#"request.path MatchesPath "/v1/*/{id}""#, true),
        ],
    );

    on_a_request(
        lab,
        "java_regex_and_prefix",
        &[
            (r#"proxy.pathsuffix ~~ "/items/[0-9]{2}""#, true),
            (r#"proxy.pathsuffix JavaRegex "[0-9]+""#, false),
            (r#"proxy.pathsuffix JavaRegex "(?!/users)/\p{Lower}+/\d\d""#, true),
            (r#"proxy.pathsuffix JavaRegex "(?!/items)/\p{Lower}+/\d\d""#, false),
            (r#"request.queryparam.name ~~ "ann""#, false),
            (r#"request.queryparam.name ~~ "(?i)ann""#, true),
            (r#"request.queryparam.name not JavaRegex "B.*""#, true),
            (r#"request.path =| "/v1""#, true),
            (r#"request.path StartsWith "/V1""#, false),
            ("request.queryparam.name =| prefix", true),
            (r#"request.path not StartsWith "/v1/it""#, false),
        ],
    );
}

fn logic(lab: &mut Lab) {
    on_a_request(
        lab,
        "connectives",
        &[
            (r#"request.verb = "POST" and on = true"#, true),
            (r#"request.verb = "POST" AND off"#, false),
            (r#"(request.verb = "GET")||(on=true)"#, true),
            ("off or word", true),
            // `and` binds closer than `or`.
            ("on or on and off", true),
            ("(on or on) and off", false),
            ("on && !off", true),
            ("not on", false),
            ("NOT(off) AND NOT (request.verb = \"GET\")", true),
            // The negation takes the whole comparison.
            (r#"not request.header.x-none ~~ ".+""#, true),
            (r#"!(request.path =| "/v2") or off"#, true),
            ("on\n  and\n\tword", true),
            // A variable alone is true when its value is true or the text `true`.
            ("request.header.x-on", true),
            ("request.header.x-name", false),
            ("request.header.x-none", false),
            ("count", false),
            ("on = \"true\"", true),
            ("off is false", true),
            (" ", true),
        ],
    );
}

fn nulls(lab: &mut Lab) {
    on_a_request(
        lab,
        "nulls",
        &[
            ("request.header.x-none = null", true),
            ("request.header.x-none IS NULL", true),
            ("request.header.x-name != null", true),
            ("request.header.x-name isNot null", true),
            (r#"none = "x""#, false),
            (r#"none != "x""#, true),
            (r#"none := "x""#, false),
            (r#"none =| "x""#, false),
            ("none > 5", true),
            ("none >= 5", false),
            ("none < 5", true),
            ("none <= 5", true),
            (r#"none ~ "*""#, false),
            (r#"none ~~ ".*""#, false),
            (r#"none ~/ "/**""#, false),
            (r#"none !~ "x""#, true),
            ("count = none", false),
            ("count != none", true),
            ("count =| none", false),
            ("count > none", false),
            ("count >= none", true),
            ("count < none", false),
            ("count <= none", false),
            ("none = nothing", true),
            ("none != nothing", false),
            ("none =| nothing", false),
            ("none > nothing", false),
            ("none >= nothing", true),
            ("none < nothing", false),
            ("none <= nothing", true),
            ("none is false", false),
            (r#"none = """#, false),
        ],
    );
}

fn messages(lab: &mut Lab) {
    // A form is read only for conditions that use it.
    const FORM: Conditions = &[
        (r#"request.formparam.grant_type Is "client credentials""#, true),
        ("request.formparam.code is null", true),
        (r#"request.content ~ "*scope=a%2Bb""#, false),
        (r#"request.content ~ "*scope=a%%2Bb""#, true),
        (r#"request.header.Content-Type =| "application/x-www-form-urlencoded""#, true),
    ];
    lab.case("form", |setup| {
        let site = setup.listener(Listener::new(guarded("request", FORM)).allow_on_headers_stop_iteration());
        move || async move {
            let form = "grant_type=client+credentials&scope=a%2Bb";
            let reply = site.send(Request::post("/v1/token", "application/x-www-form-urlencoded", form)).await;
            assert_eq!((reply.status, reply.text()), (200, form));
            assert_ran(&site.upstream().only_request(), FORM);
        }
    });

    const RESPONSE: Conditions = &[
        ("response.status.code >= 400", true),
        ("response.status.code = 404", true),
        (r#"message.status.code = "404""#, true),
        (r#"response.header.x-up = "u""#, true),
        (r#"response.content ~ "*such*""#, true),
        (r#"request.verb = "POST""#, true),
        ("request.queryparam.n > 9", true),
        ("message.verb is null", true),
        ("fault.name is null", true),
        ("response.status.code < 400", false),
    ];
    lab.case("response", |setup| {
        let upstream = setup.backend(|_: &Received| MockResponse::text(404, "no such item").header("x-up", "u"));
        let site = setup.listener(
            Listener::new(guarded("response", RESPONSE)).upstream(&upstream).allow_on_headers_stop_iteration(),
        );
        move || async move {
            let reply = site.send(request()).await;
            assert_eq!((reply.status, reply.text()), (404, "no such item"));
            assert_eq!(upstream.only_request().header("x-ran"), None);
            assert_ran(&reply, RESPONSE);
        }
    });

    // A condition is evaluated right before its step, so the preceding response counts.
    lab.case("response_of_a_callout", |setup| {
        let backend = setup.backend(|request: &Received| {
            MockResponse::json(if request.path_and_query == "/first" { 204 } else { 200 }, "")
        });
        let call = |name: &str, response: &str, path: &str| {
            ServiceCallout::new(name, &format!("http://a.test/{path}")).response(response).xml()
        };
        let site = setup.listener(Listener::new(json!({
            "policies": [call("SC-1", "one", "first"), call("SC-2", "two", "second"), call("SC-3", "three", "third")],
            "request": [
                {"step": "SC-3", "condition": "one.status.code = 204"},
                "SC-1",
                {"step": "SC-2", "condition": "one.status.code = 200"},
                {"step": "SC-3", "condition": "one.status.code = 204 and servicecallout.SC-1.failed = false"},
            ],
            "clusters": {"*": backend.cluster()},
        })));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let paths: Vec<String> = backend.requests().into_iter().map(|call| call.path_and_query).collect();
            assert_eq!(paths, ["/first", "/third"]);
        }
    });
}

fn syntax_errors(lab: &mut Lab) {
    let steps = [
        r#"request.verb == "GET"#,
        r#"(request.verb = "GET" b"#,
        "request.verb =",
        "{a} = 1",
        r#"request.verb = "GET" request.path"#,
    ];
    let steps: Vec<Value> = steps.iter().map(|condition| json!({"step": "SC-1", "condition": condition})).collect();
    let configuration = json!({
        "policies": [ServiceCallout::new("SC-1", "http://a.test/").xml()],
        "request": steps,
        "response": [{"step": "SC-1", "condition": "a)"}],
        "clusters": {"*": "any"},
    });
    rejected(
        lab,
        "syntax_errors",
        Listener::new(configuration),
        &[
            "request[0] (SC-1) condition, column 17: this quote is not closed",
            "request[1] (SC-1) condition, column 23: expected \"and\", \"or\" or the end after \"GET\"",
            "request[2] (SC-1) condition, column 15: expected a value after =",
            "request[3] (SC-1) condition, column 1: a variable in a condition must not be in braces",
            "request[4] (SC-1) condition, column 22: expected \"and\", \"or\" or the end after \"GET\"",
            "response[0] (SC-1) condition, column 2: this parenthesis is not opened",
        ],
    );

    // They are read as published proxies mean them.
    let steps = |name: &str| {
        json!([
            {"step": name, "condition": "(request.verb = \"GET\""},
            {"step": name, "condition": "request.verb Not =| \"P\" and"},
            {"step": name, "condition": "request.path /~ \"/a/*\""},
        ])
    };
    let note = "<Add><Headers><Header name='x-note'>1</Header></Headers></Add>";
    let configuration = json!({"policies": [assign_message("AM-1", note)], "request": steps("AM-1")});
    let tolerated = configuration.clone();
    accepted_with(
        lab,
        "tolerated_mistakes",
        Listener::new(tolerated),
        &[
            "request[0] (AM-1) condition, column 1: this parenthesis is not closed; the end of the condition closes it",
            "request[1] (AM-1) condition, column 14: Not =| is not an operator; it is read as the negation of =|",
            "request[1] (AM-1) condition, column 25: no comparison follows and; it is ignored",
            "request[2] (AM-1) condition, column 14: /~ is not an operator; it is read as ~/",
        ],
    );
    lab.case("tolerated_mistakes_run", move |setup| {
        let site = setup.listener(Listener::new(configuration));
        move || async move {
            for (request, notes) in
                [(Request::get("/a/b"), 3), (Request::get("/a"), 2), (Request::post("/a/b", "text/plain", "x"), 1)]
            {
                assert_eq!(site.send(request).await.status, 200);
                let seen = site.upstream().requests().last().unwrap().header_all("x-note").len();
                assert_eq!(seen, notes);
            }
        }
    });
}
