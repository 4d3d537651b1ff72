use super::*;
use crate::language::xml::Document;

fn parse(attributes: &str, content: &str) -> (Option<KeyValueMapOperations>, Vec<String>) {
    let text = format!("<KeyValueMapOperations name='KV' {attributes}>{content}</KeyValueMapOperations>");
    let document = Document::parse(&text).unwrap();
    let mut diagnostics = Diagnostics::about("policies[0]");
    let policy = KeyValueMapOperations::parse(document.root(), &mut diagnostics);
    (policy, diagnostics.into_vec().iter().map(ToString::to_string).collect())
}

#[test]
fn every_element_is_read() {
    let (policy, problems) = parse(
        "mapIdentifier=' settings '",
        "<DisplayName>d</DisplayName><Properties/><ExclusiveCache>false</ExclusiveCache>
         <ExpiryTimeInSecs>60</ExpiryTimeInSecs><Scope>apiproxy</Scope>
         <InitialEntries><Entry><Key><Parameter>a</Parameter><Parameter>b</Parameter></Key><Value>1</Value><Value/></Entry></InitialEntries>
         <Get assignTo='private.k' index='2'><Key><Parameter>k</Parameter><Parameter ref='v'/></Key></Get>
         <Put override='false'><Key><Parameter ref='v'>d</Parameter></Key><Value>x</Value><Value ref='y'/></Put>
         <Delete><Key><Parameter>k</Parameter></Key></Delete>",
    );
    assert!(problems.is_empty(), "{problems:?}");
    let policy = policy.unwrap();
    assert_eq!(policy.attributes.failed, "keyvaluemapoperations.KV.failed");
    assert_eq!(policy.map.as_literal().map(|name| &**name), Some("settings"));
    assert_eq!(policy.expiry, Some(Duration::from_secs(60)));
    assert_eq!(policy.initial_entries, [("a__b".into(), vec!["1".into(), "".into()])]);
    let reads: Vec<&str> = policy.reads().iter().map(|read| &**read.variable.name()).collect();
    assert_eq!(reads, ["v", "v", "y"]);
    let [Operation::Get { index, .. }, Operation::Put { is_override, .. }, Operation::Delete { .. }] =
        policy.operations.as_slice()
    else {
        panic!("{:?}", policy.operations)
    };
    assert_eq!((*index, *is_override), (Some(2), false));
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let get = "<Get assignTo='v'><Key><Parameter>k</Parameter></Key></Get>";
    for (expiry, expected) in [("", None), ("-1", None), ("0", None), ("1", Some(Duration::from_secs(1)))] {
        let (policy, problems) = parse("", &format!("<ExpiryTimeInSecs>{expiry}</ExpiryTimeInSecs>{get}"));
        assert!(problems.is_empty(), "{problems:?}");
        let policy = policy.unwrap();
        assert_eq!(policy.map.as_literal().map(|name| &**name), Some("kvmap"));
        assert_eq!(policy.expiry, expected, "{expiry}");
    }
    let (policy, _) = parse("mapIdentifier='a'", &format!("<MapName ref='m'>b</MapName>{get}"));
    let map = policy.unwrap().map;
    assert_eq!((map.reference.map(|name| name.to_string()), map.text), (Some("m".to_owned()), Some("b".into())));
}

#[test]
fn problems_are_reported() {
    let key = "<Key><Parameter>k</Parameter></Key>";
    let cases = [
        ("", String::new(), "KV, line 1, column 1: one of Get, Put and Delete is required"),
        (
            "mapIdentifier=''",
            format!("<Get assignTo='v'>{key}</Get>"),
            "KV, line 1, column 34: UnsupportedOperationException: mapIdentifier is empty",
        ),
        (
            "",
            format!("<MapName/><Get assignTo='v'>{key}</Get>"),
            "KV, line 1, column 35: MapName has neither a text nor ref",
        ),
        ("", format!("<Get>{key}</Get>"), "KV, line 1, column 35: Get has no assignTo: the name of a variable"),
        ("", "<Get assignTo='v'/>".to_owned(), "KV, line 1, column 35: KeyIsMissing: Get has no Key with a Parameter"),
        (
            "",
            format!("<Get assignTo='v' index='0'>{key}</Get>"),
            "KV, line 1, column 53: InvalidIndex: Invalid index 0 in KeyValueMapStepDefinition KV",
        ),
        ("", format!("<Put>{key}</Put>"), "KV, line 1, column 35: Put has no Value"),
        (
            "",
            format!("<InitialEntries><Entry>{key}</Entry></InitialEntries>"),
            "KV, line 1, column 51: ValueIsMissing: an Entry of InitialEntries has no Value",
        ),
        (
            "",
            "<InitialEntries><Entry><Value>1</Value></Entry></InitialEntries>".to_owned(),
            "KV, line 1, column 51: KeyIsMissing: an Entry of InitialEntries has no Key with Parameter",
        ),
        (
            "",
            format!("<Scope>proxy</Scope><Get assignTo='v'>{key}</Get>"),
            "KV, line 1, column 35: Scope must be one of organization, environment, apiproxy, policy, got \"proxy\"",
        ),
        (
            "",
            format!("<ExpiryTimeInSecs>soon</ExpiryTimeInSecs><Get assignTo='v'>{key}</Get>"),
            "KV, line 1, column 35: ExpiryTimeInSecs must be a number of seconds, got \"soon\"",
        ),
    ];
    for (attributes, content, expected) in cases {
        assert_eq!(parse(attributes, &content).1, [expected], "{content}");
    }
}
