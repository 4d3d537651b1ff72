use super::*;
use crate::language::xml::Document;

fn parse(text: &str) -> (Vec<Action>, Vec<String>) {
    let document = Document::parse(text).unwrap();
    let mut diagnostics = Diagnostics::about("AM-1");
    let actions =
        parse_actions(document.root(), Grammar::MessageAndVariables, "AssignMessage", &mut diagnostics).unwrap();
    (actions, diagnostics.into_vec().iter().map(ToString::to_string).collect())
}

fn template(text: &str) -> Template {
    Template::parse(text, Syntax::BRACES).unwrap()
}

fn named(name: &str, numbers: &[usize]) -> NamedValues {
    NamedValues { name: name.into(), numbers: numbers.to_vec() }
}

#[test]
fn set_replaces_in_document_order_but_a_phrase_comes_last() {
    let (actions, problems) = parse(
        "<Set><ReasonPhrase>Busy</ReasonPhrase><StatusCode> 503 </StatusCode><Verb/>
         <Headers><Header name='X.2'>{v}</Header></Headers><QueryParams/>
         <Payload contentType='text/plain'> {a}
</Payload></Set>",
    );
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(
        actions,
        [
            Action::Set(Assignment::Part(MessagePart::StatusCode, template("503"))),
            Action::Set(Assignment::Part(MessagePart::Header("X".into(), Item::Number(2)), template("{v}"))),
            Action::Set(Assignment::Payload {
                content: template(" {a}\n"),
                content_type: Some(template("text/plain"))
            }),
            Action::Set(Assignment::Part(MessagePart::ReasonPhrase, template("Busy"))),
        ]
    );
}

#[test]
fn add_takes_names_as_they_are() {
    let (actions, problems) =
        parse("<Add><FormParams><FormParam name='a.1'>x</FormParam></FormParams><Verb>GET</Verb></Add>");
    assert_eq!(actions, [Action::Add(Field::FormParam, "a.1".into(), template("x"))]);
    assert_eq!(problems, ["AM-1, line 1, column 66: unknown element Verb in Add is ignored"]);
}

#[test]
fn copy_and_remove_select_parts() {
    let (actions, _) = parse("<Copy source='request'/>");
    assert_eq!(actions, [Action::Copy(Copy { source: Some(Variable::new("request")), parts: None })]);
    let (actions, _) = parse(
        "<Remove><Headers><Header name='a.2'/><Header name='b'>false</Header></Headers><QueryParams/>
         <Payload>TRUE</Payload><Path>false</Path><Verb/></Remove>",
    );
    assert_eq!(
        actions,
        [Action::Remove(Some(Parts {
            headers: Selection::Named(vec![named("a", &[2])]),
            query_params: Selection::All,
            payload: true,
            verb: true,
            ..Parts::default()
        }))]
    );
    let (actions, _) = parse("<Copy><Headers><Header name='h'/></Headers></Copy>");
    let headers = Selection::Named(vec![named("h", &[])]);
    assert_eq!(actions, [Action::Copy(Copy { source: None, parts: Some(Parts { headers, ..Parts::default() }) })]);
}

#[test]
fn the_numbers_of_a_name_belong_together() {
    let headers = |names: &[&str]| {
        let children: String = names.iter().map(|name| format!("<Header name='{name}'/>")).collect();
        match parse(&format!("<Remove><Headers>{children}</Headers></Remove>")).0.pop() {
            Some(Action::Remove(Some(Parts { headers: Selection::Named(names), .. }))) => names,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(headers(&["a.3", "b", "A.1"]), [named("a", &[3, 1]), named("b", &[])]);
    assert_eq!(headers(&["a.3", "a"]), [named("a", &[])]);
    assert_eq!(headers(&["a", "a.3"]), [named("a", &[])]);
    let (actions, _) =
        parse("<Remove><QueryParams><QueryParam name='a.1'/><QueryParam name='A.2'/></QueryParams></Remove>");
    let query_params = Selection::Named(vec![named("a", &[1]), named("A", &[2])]);
    assert_eq!(actions, [Action::Remove(Some(Parts { query_params, ..Parts::default() }))]);
}

#[test]
fn payloads_have_delimiters_of_any_character() {
    let payload = |text: &str| match parse(text).0.pop() {
        Some(Action::Set(Assignment::Payload { content, .. })) => content.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(payload("<Set><Payload variablePrefix='£' variableSuffix='$'>£v$</Payload></Set>"), "{v}");
    assert_eq!(payload("<Set><Payload><a><b>{v}</b></a></Payload></Set>"), "<a><b>{v}</b></a>");
    assert_eq!(payload("<Set><Payload><![CDATA[<b>{v}</b>]]></Payload></Set>"), "<b>{v}</b>");
    assert_eq!(payload("<Set><Payload/></Set>"), "");
}

#[test]
fn problems_are_reported() {
    let cases = [
        (
            "<Copy><Headers><Header name='id.0'/></Headers></Copy>",
            "AM-1, line 1, column 24: InvalidIndex: AssignMessage[AM-1]: index must be greater than zero in id.0",
        ),
        (
            "<Set><Headers><Header>x</Header></Headers></Set>",
            "AM-1, line 1, column 15: MissingName: Required attribute name is missing in Header",
        ),
        (
            "<Set><Headers><Header name='a b'>x</Header></Headers></Set>",
            "AM-1, line 1, column 23: \"a b\" is not a valid header name",
        ),
        (
            "<Set><Payload variablePrefix='@@'>x</Payload></Set>",
            "AM-1, line 1, column 15: variablePrefix must be a single character, got \"@@\"",
        ),
        (
            "<Set><Verb>{nope(a)}</Verb></Set>",
            "AM-1, line 1, column 6: entities.UnknownStringFunction: unknown template function nope",
        ),
        (
            "<Set><Verb><Get/></Verb></Set>",
            "AM-1, line 1, column 6: Verb must contain a text; the elements in it are ignored",
        ),
        (
            "<Set><StatusCode>4o9</StatusCode></Set>",
            "AM-1, line 1, column 6: StatusCode must be a number from 100 to 999, got \"4o9\": every run fails with \
             SetVariableFailed",
        ),
        (
            "<Set><StatusCode>99</StatusCode></Set>",
            "AM-1, line 1, column 6: StatusCode must be a number from 100 to 999, got \"99\": every run fails with \
             SetVariableFailed",
        ),
        (
            "<Set><Verb>{firstnonnull(request.header.origin,\"*\")}</Verb></Set>",
            "AM-1, line 1, column 6: {firstnonnull(request.header.origin,\"*\")} is text and not a function call: a text \
             argument has single quotes",
        ),
        (
            "<Set><Path>/{substring(a, 1)}</Path></Set>",
            "AM-1, line 1, column 6: {substring(a, 1)} is text and not a function call: a call ends with a parenthesis and \
             the end of the expression, and has no spaces outside quotes",
        ),
        (
            "<Add><FormParam name='a'>b</FormParam></Add>",
            "AM-1, line 1, column 6: unknown element FormParam in Add is ignored; did you mean FormParams?",
        ),
    ];
    for (text, problem) in cases {
        assert_eq!(parse(text).1, [problem], "{text}");
    }
}
