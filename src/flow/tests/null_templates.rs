//! Templates of AssignVariable that make the variable null (docs/apigee-semantics.md 3.6).

use super::*;

/// The condition is true after AssignVariable with a template.
fn is_true_after(template: &str, condition: &str) -> bool {
    let assign = |sources: &str| format!("<AssignVariable><Name>v</Name>{sources}</AssignVariable>");
    let policies = [
        format!("<AssignMessage name='A'>{}{}</AssignMessage>", assign("<Value>old</Value>"), assign(template)),
        "<AssignMessage name='B'><Set><Headers><Header name='x'>1</Header></Headers></Set></AssignMessage>".to_owned(),
    ];
    let configuration = json!({
        "policies": policies,
        "request": ["A", {"step": "B", "condition": condition}],
        "properties": {"number": 5, "nullable": "{firstnonnull(none)}"},
    });
    let done = Scripted::client("GET", "/", &[]).run(&plan(&configuration));
    assert!(done.reply.is_none(), "{template}");
    done.changes(Direction::Request) == ["x: 1"]
}

#[test]
fn firstnonnull_without_a_value_is_null() {
    let cases = [
        ("<Template>{firstnonnull(none,other)}</Template>", "v = null"),
        ("<Template>{firstnonnull(none,other)}</Template><Value>x</Value>", "v = null"),
        ("<Template ref='nullable'>x</Template>", "v = null"),
        ("<Template>{firstnonnull(none,number)}</Template>", "v = \"5\""),
        ("<Template>{firstnonnull(none,'')}</Template>", "v = \"\""),
        ("<Template>{firstnonnull(none:d)}</Template>", "v = \"d\""),
        // Only a template that is nothing but the call can be null.
        ("<Template>[{firstnonnull(none,other)}]</Template>", "v = \"[]\""),
        ("<Template>{firstnonnull(none)}{firstnonnull(other)}</Template>", "v = \"\""),
    ];
    for (template, condition) in cases {
        assert!(is_true_after(template, condition), "{template}");
        let other = if condition == "v = null" { "v = \"\"" } else { "v = null" };
        assert!(!is_true_after(template, other), "{template}");
    }
}

/// A part of a message that becomes null is removed.
#[test]
fn a_header_without_a_value_is_removed() {
    let policy = "<AssignMessage name='AM'><AssignVariable><Name>request.header.x</Name>
        <Template>{firstnonnull(none)}</Template></AssignVariable></AssignMessage>";
    let done = request_flow(&[policy], &Scripted::client("GET", "/", &[("x", "1")]));
    assert_eq!(done.changes(Direction::Request), ["-x"]);
}
