//! BasicAuthentication in transactions.

use super::*;

/// An AssignMessage that shows variables in the header `x` of the upstream request.
fn show(template: &str) -> String {
    format!(
        "<AssignMessage name='show'><Set><Headers><Header name='x'>{template}</Header></Headers></Set></AssignMessage>"
    )
}

fn encode(elements: &str) -> String {
    format!(
        "<BasicAuthentication name='BA'><Operation>Encode</Operation>{elements}
         <User ref='c.user'/><Password ref='private.word'/></BasicAuthentication>"
    )
}

fn decode(elements: &str, source: &str) -> String {
    format!(
        "<BasicAuthentication name='BA'><Operation>Decode</Operation>{elements}
         <User ref='u.name'/><Password ref='u.word'/><Source>{source}</Source></BasicAuthentication>"
    )
}

const STRICT: &str = "<IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>";

fn run(policies: &[&str], properties: &Value, headers: &[(&str, &str)]) -> Effects {
    let host = Scripted::client("GET", "/", headers);
    host.run(&plan(&json!({"policies": policies, "properties": properties})))
}

#[test]
fn credentials_are_encoded_into_a_variable() {
    let known = json!({"c.user": "MyUsername", "private.word": "MyPassword"});
    let encoded = "Basic TXlVc2VybmFtZTpNeVBhc3N3b3Jk";
    let header = |new: &str| format!("<AssignTo createNew='{new}'>request.header.Authorization</AssignTo>");
    let given: [(&str, &str); 1] = [("authorization", "given")];
    let cases = [
        (header("false"), &known, &[][..], Some(encoded)),
        (header("false"), &known, &given[..], None),
        (header("true"), &known, &given[..], Some(encoded)),
        // Unresolved variables are empty by default.
        (header("false"), &json!({"c.user": "u"}), &[][..], Some("Basic dTo=")),
        (header("false"), &json!({}), &[][..], Some("Basic Og==")),
        (header("false"), &json!({"c.user": "ü", "private.word": "a:b"}), &[][..], Some("Basic w7w6YTpi")),
    ];
    for (assign_to, properties, headers, expected) in cases {
        let done = run(&[&encode(&assign_to)], properties, headers);
        let changes = done.changes(Direction::Request);
        let expected: Vec<String> = expected.iter().map(|value| format!("authorization: {value}")).collect();
        let changes: Vec<String> = changes.iter().map(|change| change.replacen('A', "a", 1)).collect();
        assert_eq!(changes, expected, "{assign_to} {properties} {headers:?}");
    }
}

#[test]
fn credentials_are_decoded_into_two_variables() {
    let shown = show("{u.name}|{u.word}|{BasicAuthentication.BA.failed}");
    let cases = [
        (Some("Basic YWthc2g6MTIz"), "x: akash|123|false"),
        // Without a source, nothing is set.
        (None, "x: ||false"),
    ];
    for (header, expected) in cases {
        let headers: Vec<(&str, &str)> = header.iter().map(|value| ("authorization", *value)).collect();
        let shown = shown.replace("<Set>", "<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables><Set>");
        let done = run(&[&decode("", "request.header.authorization"), &shown], &json!({}), &headers);
        assert_eq!(done.changes(Direction::Request), [expected], "{header:?}");
    }
}

#[test]
fn faults_have_the_texts_of_apigee() {
    let source = "request.header.Authorization";
    let assign_to = format!("{STRICT}<AssignTo>v</AssignTo>");
    let cases = [
        (
            decode(STRICT, source),
            json!({}),
            "steps.basicauthentication.UnresolvedVariable",
            "Unresolved variable : request.header.Authorization",
        ),
        (
            decode(STRICT, "c.source"),
            json!({"c.source": "Basic 23435"}),
            "steps.basicauthentication.InvalidBasicAuthenticationSource",
            "Source variable : c.source for basic authentication decode policy is not valid",
        ),
        (
            encode(&assign_to),
            json!({"private.word": "p"}),
            "steps.basicauthentication.UnresolvedVariable",
            "Unresolved variable : c.user",
        ),
        (
            encode(&assign_to),
            json!({"c.user": "u"}),
            "steps.basicauthentication.UnresolvedVariable",
            "Unresolved variable : private.word",
        ),
        (
            encode("<AssignTo createNew='true'>system.uuid</AssignTo>"),
            json!({}),
            "steps.basicauthentication.SetVariableFailed",
            "BasicAuthentication[BA]: unable to set variable system.uuid",
        ),
    ];
    for (policy, properties, code, text) in cases {
        let done = run(&[&policy], &properties, &[]);
        let body = format!("{{\"fault\":{{\"faultstring\":\"{text}\",\"detail\":{{\"errorcode\":\"{code}\"}}}}}}");
        assert_eq!(done.reply_status_and_body(), (500, body.as_str()), "{policy}");
    }
}

#[test]
fn encoded_private_values_are_masked_in_published_urls() {
    let call =
        callout("<Request><Set><QueryParams><QueryParam name='a'>{v}</QueryParam></QueryParams></Set></Request>");
    let host = Scripted::client("GET", "/", &[]).with_reply(200, &[], "");
    host.run(&plan(&json!({
        "policies": [encode("<AssignTo>v</AssignTo>"), call],
        "properties": {"c.user": "MyUsername", "private.word": "MyPassword"},
        "filter_state": ["servicecallout.requesturi"],
    })));
    assert_eq!(host.published("servicecallout.requesturi").as_deref(), Some("/?a=Basic%20*****"));
}
