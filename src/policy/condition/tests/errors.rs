use super::*;

fn error(text: &str) -> (usize, String) {
    let error = Condition::parse(text).expect_err(text);
    (error.column, error.to_string())
}

/// Invalid conditions with columns and messages.
#[test]
fn an_invalid_condition_is_reported_with_its_column() {
    let cases = [
        ("request.verb \"GET\"", 14, "expected an operator after request.verb"),
        ("request.verb Equal \"GET\"", 14, "Equal is not an operator; did you mean Equals?"),
        ("a = 1 and proxy.pathsuffix MatchPath \"/a\"", 28, "MatchPath is not an operator; did you mean MatchesPath?"),
        ("request.verb === \"GET\"", 16, "expected a value after =="),
        ("a not b", 3, "expected an operator after a"),
        ("a !b", 3, "expected an operator after a"),
        ("a !> 1", 3, "expected an operator after a"),
        ("a !!Is b", 3, "expected an operator after a"),
        ("a + 1 = 2", 3, "expected an operator after a"),
        ("request.queryparam.a[0] = 1", 21, "expected an operator after request.queryparam.a"),
        ("\"request.verb = GET\"", 21, "expected an operator after \"request.verb = GET\""),
        ("5", 2, "expected an operator after 5"),
        ("5 and a", 3, "expected an operator after 5"),
        ("a | b", 3, "expected an operator after a"),
        ("a =", 4, "expected a value after ="),
        ("a = ", 5, "expected a value after ="),
        ("(a = )", 6, "expected a value after ="),
        ("a = and b", 5, "expected a value after ="),
        ("a is not null", 6, "expected a value after is"),
        ("a = (\"x\")", 5, "expected a value after ="),
        ("a = ?", 5, "expected a value after ="),
        ("= \"x\"", 1, "expected a comparison at the start"),
        (")", 1, "expected a comparison at the start"),
        ("and", 1, "expected a comparison at the start"),
        ("not", 4, "expected a comparison after not"),
        ("(", 2, "expected a comparison after ("),
        ("a and or b", 7, "expected a comparison after and"),
        ("a and )", 7, "expected a comparison after and"),
        ("(a and ) )", 10, "this parenthesis is not opened"),
        ("a ! ~ \"x\"", 3, "expected an operator after a"),
        ("a not not ~ \"x\"", 3, "expected an operator after a"),
        ("a or or b", 6, "expected a comparison after or"),
        ("()", 2, "expected a comparison after ("),
        ("a = \"x\" b", 9, "expected \"and\", \"or\" or the end after \"x\""),
        ("a = \"x\" & b", 9, "expected \"and\", \"or\" or the end after \"x\""),
        ("a = b = c", 7, "expected \"and\", \"or\" or the end after b"),
        ("(a) = b", 5, "expected \"and\", \"or\" or the end after )"),
        ("(a = 1 b)", 8, "expected \"and\", \"or\" or the end after 1"),
        ("{wackyvar.foo} and a", 1, "a variable in a condition must not be in braces"),
        ("a = {foovar}", 5, "a variable in a condition must not be in braces"),
        ("'' = a", 1, "the variable name between the quotes is empty"),
        ("a = ''", 5, "the variable name between the quotes is empty"),
        ("a = 5x", 5, "5x is not a number"),
        ("a = 5and b", 5, "5and is not a number"),
        ("a = 9223372036854775808", 5, "9223372036854775808 is not a number"),
        ("a = -b", 5, "-b is not a number"),
        ("2fa.enabled", 1, "2fa.enabled is not a number"),
        ("a = 1)", 6, "this parenthesis is not opened"),
        ("(a = 1)) or b", 8, "this parenthesis is not opened"),
        ("a = \"x", 5, "this quote is not closed"),
        ("a = \"x\"\" and b", 8, "expected \"and\", \"or\" or the end after \"x\""),
        ("a = \"x\" and \"y = b", 13, "this quote is not closed"),
        ("'a = b", 1, "this quote is not closed"),
        ("a = \"grüße\" and\n'b", 17, "this quote is not closed"),
    ];
    for (text, column, message) in cases {
        assert_eq!(error(text), (column, message.to_owned()), "{text}");
    }
}

#[test]
fn an_invalid_regular_expression_is_reported_with_its_column() {
    let (column, message) = error("b and a JavaRegex \"(x\"");
    assert_eq!(column, 19);
    assert!(message.starts_with("invalid regular expression: "), "{message}");
    assert_eq!(error("a~~\"[\"").0, 4);
}

#[test]
fn nesting_has_a_limit() {
    for opening in ["(", "not ", "!", "!(", "not(", "( not "] {
        let (column, message) = error(&opening.repeat(100_000));
        assert_eq!(message, "parentheses or negations are nested too deeply", "{opening}");
        assert!(column <= 64 * opening.len() + 3, "{opening} {column}");
    }
    assert_eq!(error(&format!("{}a not Is b", "!".repeat(64))).0, 67);
}

#[test]
fn a_long_text_is_shortened_in_the_message() {
    let (_, message) = error(&format!("a = \"{}\" b", "ü".repeat(500)));
    assert_eq!(message, format!("expected \"and\", \"or\" or the end after \"{}…", "ü".repeat(59)));
}

/// No text makes the parser panic: every start and every end of a condition with all there is.
#[test]
fn every_part_of_a_condition_is_read_or_rejected() {
    let text = "NOT('ü b' = \"é\") and (c not MatchesPath \"/{x}/**\" || d ~~ \"(a|b)+\") or -1.5f >= e&&!f:=null";
    parsed(text);
    for (at, _) in text.char_indices() {
        let (prefix, end) = text.split_at(at);
        let backwards: String = end.chars().rev().collect();
        for piece in [prefix, end, &backwards] {
            if let Ok(Some(condition)) = Condition::parse(piece) {
                assert_eq!(parsed(&condition.to_string()), condition, "{piece}");
            }
        }
    }
}
