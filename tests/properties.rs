//! Properties for every input: printing and parsing again gives the same value, and no input makes the loader panic.

use envoy_callout::config;
use envoy_callout::policy::Policy;
use envoy_callout::policy::condition::Condition;
use envoy_callout::policy::template::{Syntax, Template};
use proptest::prelude::*;

/// Text that is rich in what the parsers look for.
fn odd_text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("{"),
        Just("}"),
        Just("\\"),
        Just("("),
        Just(")"),
        Just("'"),
        Just("\""),
        Just(":"),
        Just(","),
        Just("$"),
        Just(" "),
        Just("\n"),
        Just("é"),
        Just("a.b"),
        Just("request.header.x"),
        Just("toUpperCase"),
        Just("substring"),
        Just("not "),
        Just(" and "),
        Just(" or "),
        Just(" = "),
        Just(" MatchesPath "),
        Just(" ~~ "),
        Just("null"),
        Just("*"),
        Just("%"),
        Just("1.5f"),
        Just("<"),
        Just(">"),
        Just("/"),
        Just("&amp;"),
        Just("[0]"),
    ];
    prop_oneof![any::<String>(), prop::collection::vec(pieces, 0..30).prop_map(|pieces| pieces.concat())]
}

proptest! {
    #[test]
    fn templates_print_to_themselves(text in odd_text()) {
        if let Ok(template) = Template::parse(&text, Syntax::BRACES) {
            prop_assert_eq!(Template::parse(&template.to_string(), Syntax::BRACES), Ok(template));
        }
    }

    #[test]
    fn other_syntaxes_do_not_panic(text in odd_text(), prefix: char, suffix: char) {
        let _ = Template::parse(&text, Syntax::delimited(prefix, suffix));
        let _ = Template::parse(&text, Syntax::URL);
        let _ = Template::parse(&text, Syntax::VALUE);
    }

    #[test]
    fn conditions_print_to_themselves(text in odd_text()) {
        if let Ok(Some(condition)) = Condition::parse(&text) {
            prop_assert_eq!(Condition::parse(&condition.to_string()), Ok(Some(condition)));
        }
    }

    #[test]
    fn comparisons_print_to_themselves(
        left in "[a-z]{1,5}(\\.[a-z]{1,5}){0,2}",
        operator in prop::sample::select(vec!["=", "!=", ":=", ">", ">=", "<", "<=", "=|", "~", "~/", "~~"]),
        right in "[a-z/*]{0,8}",
        negated: bool,
    ) {
        let comparison = format!("{left} {operator} \"{right}\"");
        let text = if negated { format!("not ({comparison}) or {comparison}") } else { comparison };
        if let Ok(Some(condition)) = Condition::parse(&text) {
            prop_assert_eq!(Condition::parse(&condition.to_string()), Ok(Some(condition)));
        }
    }

    #[test]
    fn a_document_is_a_policy_or_has_problems(
        root in prop::sample::select(vec!["ServiceCallout", "AssignMessage", "ExtractVariables", "RaiseFault", "FlowCallout", "X"]),
        inner in prop::sample::select(vec!["Request", "Set", "Source", "JSONPayload", "URIPath", "FaultResponse", "HTTPTargetConnection"]),
        text in odd_text(),
    ) {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let document = format!(
            "<{root} name='a'><{inner}><Headers><Header name='h'>{escaped}</Header></Headers><URL>http://{escaped}</URL>\
             <Payload>{escaped}</Payload><Pattern>{escaped}</Pattern><Variable name='v'><JSONPath>{escaped}</JSONPath></Variable>\
             </{inner}></{root}>"
        );
        let (policy, problems) = Policy::parse(&document, "policies[0]");
        prop_assert!(policy.is_some() || !problems.is_empty());
        let (policy, problems) = Policy::parse(&text, "policies[0]");
        prop_assert!(policy.is_some() || !problems.is_empty());
    }

    #[test]
    fn a_configuration_loads_or_has_problems(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(problems) = config::load(&bytes) {
            prop_assert!(!problems.is_empty());
        }
    }
}
