use super::*;

fn policy(map: &str, content: &str) -> String {
    format!("<KeyValueMapOperations name='KV' {map}>{content}</KeyValueMapOperations>")
}

fn get(attributes: &str, parameters: &[&str]) -> String {
    let parameters: String = parameters.iter().map(|parameter| format!("<Parameter {parameter}</Parameter>")).collect();
    format!("<Get {attributes}><Key>{parameters}</Key></Get>")
}

/// Runs a policy on a map and returns `v`.
fn value(map: &str, content: &str) -> Option<String> {
    let maps = json!({
        "settings": {"entries": {"one": "1", "two": ["a", "b"], "a__b": "joined", "number": 7}},
        "secrets": {"encrypted": true, "entries": {"key": "s3cret"}},
    });
    let configuration = json!({"policies": [policy(map, content)], "key_value_maps": maps, "filter_state": ["v"]});
    let host = Scripted::client("GET", "/?p=a&q=b", &[]);
    host.run(&plan(&configuration));
    host.published("v")
}

#[test]
fn get_assigns_values() {
    let settings = "mapIdentifier='settings'";
    let cases = [
        (settings, get("assignTo='v'", &[">one"]), Some("1")),
        (settings, get("assignTo='v'", &[">number"]), Some("7")),
        (settings, get("assignTo='v'", &[">two"]), Some("[a, b]")),
        (settings, get("assignTo='v' index='2'", &[">two"]), Some("b")),
        (settings, get("assignTo='v' index='3'", &[">two"]), None),
        (settings, get("assignTo='v'", &[">a", "ref='request.queryparam.q'>"]), Some("joined")),
        (settings, get("assignTo='v'", &["ref='missing'>", ">one"]), None),
        (settings, get("assignTo='v'", &["ref='missing'>one"]), Some("1")),
        (settings, get("assignTo='v'", &[">three"]), None),
        ("", format!("<MapName>settings</MapName>{}", get("assignTo='v'", &[">one"])), Some("1")),
        ("mapIdentifier='unknown'", get("assignTo='v'", &[">one"]), None),
        (settings, get("assignTo='v'", &[">one"]) + &get("assignTo='v'", &[">three"]), None),
    ];
    for (map, content, expected) in cases {
        assert_eq!(value(map, &content).as_deref(), expected, "{map} {content}");
    }
}

#[test]
fn the_name_of_a_map_can_come_from_a_variable() {
    let content = format!("<MapName ref='request.queryparam.m'/>{}", get("assignTo='v'", &[">k"]));
    let maps = json!({"m1": {"entries": {"k": "1"}}, "m2": {"entries": {"k": "2"}}});
    let plan = plan(&json!({"policies": [policy("", &content)], "key_value_maps": maps, "filter_state": ["v"]}));
    let host = Scripted::client("GET", "/?m=m2", &[]);
    host.run(&plan);
    assert_eq!(host.published("v").as_deref(), Some("2"));
}

#[test]
fn encrypted_values_go_to_private_variables() {
    let secrets = |assign_to: &str| policy("mapIdentifier='secrets'", &get(assign_to, &[">key"]));
    let maps = json!({"secrets": {"encrypted": true, "entries": {"key": "s3cret"}}});
    let send = callout("<Request><Set><Headers><Header name='x-key'>{private.v}</Header></Headers></Set></Request>");
    let allowed = plan(&json!({"policies": [secrets("assignTo='private.v'"), send], "key_value_maps": maps}));
    let effects = Scripted::client("GET", "/", &[]).with_reply(200, &[], "").run(&allowed);
    assert_eq!(effects.only_call().header("x-key"), Some("s3cret"));

    let rejected = plan(&json!({"policies": [secrets("assignTo='v'")], "key_value_maps": maps}));
    let fault = r#"{"fault":{"faultstring":"Failed to set variable v in KeyValueMapStepDefinition KV","detail":{"errorcode":"steps.keyvaluemapoperations.SetVariableFailed"}}}"#;
    assert_eq!(Scripted::client("GET", "/", &[]).run(&rejected).reply_status_and_body(), (500, fault));
}

/// Runs policies for `/`, then `KV` for `/get`.
#[test]
fn changes_stay_in_the_worker() {
    let key = "<Key><Parameter>k</Parameter></Key>";
    let put = |attributes: &str, value: &str| {
        format!("<Put {attributes}>{key}<Value>{value}</Value><Value ref='request.verb'/></Put>")
    };
    let delete = format!("<Delete>{key}</Delete>");
    let cases = [
        (put("", "new"), Some("[new, GET]"), Some("[new, GET]"), Some("[old]")),
        (put("override='false'", "new"), Some("old"), Some("old"), Some("old")),
        (delete.clone(), None, None, None),
        (delete + &put("override='false'", "new"), Some("[new, GET]"), Some("[new, GET]"), Some("old")),
    ];
    for (content, at_once, before_expiry, after_expiry) in cases {
        let change = policy("mapIdentifier='m'", &format!("<ExpiryTimeInSecs>60</ExpiryTimeInSecs>{content}"));
        let change = change.replace("'KV'", "'Change'");
        let get = policy("mapIdentifier='m'", &get("assignTo='v'", &[">k"]));
        let configuration = json!({
            "policies": [change, get],
            "request": [{"step": "Change", "condition": "request.path = \"/\""}, "KV"],
            "key_value_maps": {"m": {"entries": {"k": "old"}}},
            "filter_state": ["v"],
        });
        let plan = plan(&configuration);
        let mut host = Scripted::client("GET", "/", &[]);
        host.now = std::time::Duration::from_secs(1000);
        host.run(&plan);
        assert_eq!(host.published("v").as_deref(), at_once, "{content}");
        for (now, expected) in [(1059, before_expiry), (1060, after_expiry)] {
            let mut later = Scripted::client("GET", "/get", &[]);
            later.worker = std::mem::take(&mut host.worker);
            later.now = std::time::Duration::from_secs(now);
            later.run(&plan);
            let expected = expected.map(|text| if text == "[old]" { "old" } else { text });
            assert_eq!(later.published("v").as_deref(), expected, "{content} {now}");
            host.worker = std::mem::take(&mut later.worker);
        }
    }
}

#[test]
fn initial_entries_apply_without_a_configured_map() {
    let seed = "<InitialEntries><Entry><Key><Parameter>k</Parameter></Key><Value>seed</Value></Entry></InitialEntries>";
    for (maps, expected) in [(json!({}), Some("seed")), (json!({"m": {"entries": {"j": "1"}}}), None)] {
        let content = format!("{seed}{}", get("assignTo='v'", &[">k"]));
        let configuration =
            json!({"policies": [policy("mapIdentifier='m'", &content)], "key_value_maps": maps, "filter_state": ["v"]});
        let host = Scripted::client("GET", "/", &[]);
        host.run(&plan(&configuration));
        assert_eq!(host.published("v").as_deref(), expected);
    }
}
