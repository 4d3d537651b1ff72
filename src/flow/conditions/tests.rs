mod nulls;

use super::*;
use crate::flow::message::MessageId;
use bytestring::ByteString;

fn condition(text: &str) -> Condition {
    Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error} at {}", error.column)).unwrap()
}

/// A value of every type, and nothing else.
fn value(name: &str) -> Option<Value> {
    Some(match name {
        "true.boolean" => Value::Boolean(true),
        "false.boolean" => Value::Boolean(false),
        "int" => Value::Integer(400),
        "zero" => Value::Integer(0),
        "one" => Value::Integer(1),
        "long" => Value::Integer(9_007_199_254_740_993),
        "float" => Value::Float(0.1),
        "double" => Value::Double(0.1),
        "nan" => Value::Double(f64::NAN),
        "list" => Value::Collection(vec!["a".into(), "b".into()]),
        "message" => Value::Message(MessageId(0)),
        "text.true" => Value::text("True"),
        "text.int" => Value::text("400"),
        "text.10" => Value::text("10"),
        "text.long" => Value::text("9007199254740992"),
        "text.hello" => Value::text("Hello"),
        "text.empty" => Value::text(""),
        "text.glob" => Value::text("He*"),
        "text.path" => Value::text("/a/b"),
        "text.pathglob" => Value::text("/*/b"),
        "text.regex" => Value::text("H[a-z]+"),
        "text.bad" => Value::text("(["),
        _ => return None,
    })
}

fn holds_with_values(text: &str) -> bool {
    evaluate(&condition(text), &mut |variable| value(variable.name()))
}

fn assert_all(cases: &[(&str, bool)]) {
    for (text, expected) in cases {
        assert_eq!(holds_with_values(text), *expected, "{text}");
    }
}

/// A row of docs/apigee-semantics.md 7.1 for every operator.
#[test]
fn operators() {
    assert_all(&[
        ("text.hello = \"Hello\"", true),
        ("text.hello = \"hello\"", false),
        ("text.hello != \"hello\"", true),
        ("text.hello != \"Hello\"", false),
        ("text.hello := \"hELLO\"", true),
        ("text.hello := \"help\"", false),
        ("\"GRÜSSE\" := \"grüsse\"", true),
        ("int > 399", true),
        ("int > 400", false),
        ("int >= 400", true),
        ("int >= 401", false),
        ("int < 401", true),
        ("int < 400", false),
        ("int <= 400", true),
        ("int <= 399", false),
        ("text.hello ~~ \"H[a-z]+\"", true),
        ("text.hello ~~ \"[a-z]+\"", false),
        ("text.hello ~~ \"h[a-z]+\"", false),
        ("text.hello ~ \"H*o\"", true),
        ("text.hello ~ \"h*o\"", false),
        ("text.hello ~ \"Hello\"", true),
        ("text.hello !~ \"H*o\"", false),
        ("text.hello !~ \"h*o\"", true),
        ("text.path ~/ \"/a/*\"", true),
        ("text.path ~/ \"/A/*\"", false),
        ("text.path =| \"/a\"", true),
        ("text.path =| \"/A\"", false),
        ("text.path =| \"\"", true),
        ("text.hello not Matches \"H*o\"", false),
        ("text.hello not JavaRegex \"x\"", true),
        ("text.path not MatchesPath \"/a/*\"", false),
        ("text.path not StartsWith \"/b\"", true),
        ("not text.hello ~~ \".+\"", false),
        ("!text.hello = \"x\"", true),
    ]);
}

/// The types of both operands determine the comparison (docs/apigee-semantics.md 7.3).
#[test]
fn types() {
    assert_all(&[
        ("int = 400", true),
        ("int = \"400\"", true),
        ("int != \"400\"", false),
        ("int = \"0400\"", false),
        ("text.int = 400", true),
        ("text.int = 400.0", true),
        ("int = 400.0", true),
        ("int = 400f", true),
        ("one = true", true),
        ("zero = false.boolean", true),
        ("int = true", false),
        ("float = double", false),
        ("float = 0.1f", true),
        ("double = 0.1", true),
        ("long = 9007199254740992", false),
        ("long = 9007199254740992d", true),
        ("16777217 = 16777216f", true),
        ("nan = nan", false),
        ("nan := nan", false),
        ("nan != nan", true),
        ("nan < 1", false),
        ("nan >= 1", false),
        ("int := \"400\"", true),
        ("int := 400d", true),
        ("int =| 40", true),
        ("int =| \"5\"", false),
        ("int ~ \"4*\"", true),
        ("int ~~ \"4\\d\\d\"", true),
        ("int ~ 400", true),
        ("list = \"[a, b]\"", true),
        ("list ~ \"*b*\"", true),
        ("list > \"[a\"", true),
    ]);
}

/// Numeric texts compare as numbers (docs/apigee-semantics.md 7.3, register row 10).
#[test]
fn order() {
    assert_all(&[
        ("text.10 > 9", true),
        ("text.10 > \"9\"", true),
        ("\"10\" > \"9\"", true),
        ("\"10\" < \"9x\"", true),
        ("text.10 >= 10.0", true),
        ("text.10 <= \"1e1\"", true),
        ("text.10 > -1.5", true),
        ("text.long < long", true),
        ("text.hello > 9", true),
        ("text.hello > \"Hell\"", true),
        ("text.hello < \"hello\"", true),
        ("text.empty < 0", true),
        ("text.empty >= text.empty", true),
        ("\"inf\" > \"9\"", true),
        ("\"NaN\" < \"a\"", true),
        ("true.boolean > false.boolean", true),
        ("true.boolean > 0", true),
        ("true.boolean > \"a\"", true),
        ("\"\u{10000}\" < \"\u{e000}\"", true),
    ]);
}

#[test]
fn booleans_and_texts() {
    assert_all(&[
        ("true.boolean = \"true\"", true),
        ("true.boolean = \"TRUE\"", true),
        ("true.boolean is true", true),
        ("true.boolean != \"True\"", false),
        ("false.boolean = \"false\"", true),
        ("false.boolean = \"\"", false),
        ("text.true = true", true),
        ("text.true = \"true\"", false),
        ("text.true is text.true", true),
        ("true.boolean Matches \"true\"", true),
        ("true.boolean = true.boolean", true),
        ("false.boolean = true", false),
    ]);
}

/// A value without an operator is a condition (docs/apigee-semantics.md 7.2).
#[test]
fn values_alone() {
    assert_all(&[
        ("true.boolean", true),
        ("false.boolean", false),
        ("text.true", true),
        ("not text.true", false),
        ("text.hello", false),
        ("text.empty", false),
        ("one", false),
        ("list", false),
        ("message", false),
        ("nothing", false),
        ("!nothing", true),
        ("true", true),
        ("false", false),
        ("null", false),
    ]);
}

#[test]
fn a_message_compares_with_null_alone() {
    for right in ["400", "\"\"", "\"a\"", "true", "text.hello", "list", "message"] {
        for operator in ["=", ":=", ">", ">=", "<", "<=", "=|", "~", "~/", "~~"] {
            assert!(!holds_with_values(&format!("message {operator} {right}")), "{operator} {right}");
            assert!(!holds_with_values(&format!("{right} {operator} message")), "{right} {operator}");
        }
        for operator in ["!=", "!~"] {
            assert!(holds_with_values(&format!("message {operator} {right}")), "{operator} {right}");
            assert!(holds_with_values(&format!("{right} {operator} message")), "{right} {operator}");
        }
    }
    assert_all(&[("message = null", false), ("message != null", true), ("null != message", true)]);
}

#[test]
fn patterns_in_variables_are_compiled_at_evaluation() {
    assert_all(&[
        ("text.hello Matches text.glob", true),
        ("text.path Matches text.glob", false),
        ("text.hello !~ text.glob", false),
        ("text.path MatchesPath text.pathglob", true),
        ("text.hello JavaRegex text.regex", true),
        ("text.hello JavaRegex text.bad", false),
        ("text.hello not JavaRegex text.bad", true),
        ("text.hello := text.hello", true),
        ("text.hello =| text.empty", true),
        ("int Matches int", true),
    ]);
}

#[test]
fn connectives() {
    assert_all(&[
        ("true and true", true),
        ("true and false", false),
        ("false or true", true),
        ("false or false", false),
        ("true or false and false", true),
        ("(true or false) and false", false),
        ("not false and false", false),
        ("not (false and false)", true),
        ("not not true", true),
    ]);
}

/// The size of a match is limited when the pattern and the text both come with a request.
#[test]
fn patterns_in_variables_have_a_limit() {
    let holds = |condition_text: &str, text: &str, pattern: &str| {
        let mut value = |variable: &Variable| Some(Value::text(if &**variable.name() == "t" { text } else { pattern }));
        evaluate(&condition(condition_text), &mut value)
    };
    let path = "/a".repeat(8 << 10);
    assert!(holds("t Matches p", &path, &path) && holds("t MatchesPath p", &path, &path));
    let longer = format!("{path}/");
    assert!(!holds("t Matches p", &longer, &longer) && !holds("t MatchesPath p", &longer, &longer));
    let pattern = format!("/**{}/b", "/a".repeat((8 << 10) - 3));
    assert!(!holds("t MatchesPath p", &format!("{}/b", "/a".repeat(1_000_000)), &pattern));
}

#[test]
fn variables_are_read_until_the_result_is_known() {
    let cases = [
        ("a and b", "a"),
        ("not a and b and c", "ab"),
        ("not a or b", "a"),
        ("a or b or not c or d", "abc"),
        ("a = b and c", "abc"),
        ("a = 1 and c", "a"),
        ("a ~ b", "ab"),
    ];
    for (text, expected) in cases {
        let mut names = String::new();
        evaluate(&condition(text), &mut |variable| {
            names.push_str(variable.name());
            None
        });
        assert_eq!(names, expected, "{text}");
    }
}

/// A condition can skip a callout without the header that it needs (docs/apigee-semantics.md 13.5).
#[test]
fn the_guard_of_a_callout() {
    let guard = condition("(lookup.hit is false) and (request.verb = \"GET\")");
    for (hit, expected) in [
        (Some(Value::Boolean(false)), true),
        (Some(Value::text("false")), true),
        (None, false),
        (Some(Value::Boolean(true)), false),
    ] {
        let result = evaluate(&guard, &mut |variable| match &**variable.name() {
            "lookup.hit" => hit.clone(),
            "request.verb" => Some(Value::String(ByteString::from_static("GET"))),
            _ => None,
        });
        assert_eq!(result, expected, "{hit:?}");
    }
}

#[test]
fn the_deepest_condition_is_evaluated() {
    assert_all(&[(&format!("{}true", "not ".repeat(64)), true), (&format!("{}true", "not ".repeat(63)), false)]);
}
