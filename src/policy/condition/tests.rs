mod errors;
mod real;
mod tolerated;

use super::*;

fn parsed(text: &str) -> Condition {
    Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error} at {}", error.column)).unwrap()
}

/// Checks the canonical form of a text, and that the canonical form is read as the same.
fn assert_canonical(text: &str, canonical: &str) {
    let condition = parsed(text);
    assert_eq!(condition.to_string(), canonical, "{text}");
    assert_eq!(parsed(canonical), condition, "{text}");
}

/// Every operator of docs/apigee-semantics.md 7.1 as symbol and word, in any case.
#[test]
fn operators_have_symbols_and_words() {
    let operators: [(&str, &[&str], &[&str]); 12] = [
        ("=", &["=", "=="], &["Equals", "Is"]),
        ("!=", &["!="], &["NotEquals", "IsNot"]),
        (":=", &[":="], &["EqualsCaseInsensitive"]),
        (">", &[">"], &["GreaterThan"]),
        (">=", &[">="], &["GreaterThanOrEquals"]),
        ("<", &["<"], &["LesserThan"]),
        ("<=", &["<="], &["LesserThanOrEquals"]),
        ("~~", &["~~"], &["JavaRegex"]),
        ("~", &["~"], &["Matches", "Like"]),
        ("~/", &["~/"], &["MatchesPath", "LikePath"]),
        ("=|", &["=|"], &["StartsWith"]),
        ("!~", &["!~"], &[]),
    ];
    for (canonical, symbols, words) in operators {
        for right in ["\"x\"", "b.c", "null"] {
            let expected = format!("a.b {canonical} {right}");
            for symbol in symbols {
                assert_canonical(&format!("a.b {symbol} {right}"), &expected);
                assert_canonical(&format!("a.b{symbol}{right}"), &expected);
                assert_canonical(&format!("\n a.b\t{symbol}\r\n{right} "), &expected);
            }
            for word in words {
                for word in [(*word).to_owned(), word.to_lowercase(), word.to_uppercase()] {
                    assert_canonical(&format!("a.b {word} {right}"), &expected);
                    assert_canonical(&format!("a.b not {word} {right}"), &format!("not {expected}"));
                    assert_canonical(&format!("a.b\nNOT\t{word}\n{right}"), &format!("not {expected}"));
                    assert_canonical(&format!("a.b !{word} {right}"), &format!("not {expected}"));
                    assert_canonical(&format!("a.b! {word} {right}"), &format!("not {expected}"));
                }
            }
        }
    }
}

#[test]
fn connectives_have_symbols_and_words() {
    for and in ["and", "And", "AND", "&&"] {
        assert_canonical(&format!("a {and} b {and} c"), "a and b and c");
    }
    for or in ["or", "Or", "OR", "||"] {
        assert_canonical(&format!("a {or} b {or} c"), "a or b or c");
    }
    for not in ["not ", "Not ", "NOT ", "!", "! "] {
        assert_canonical(&format!("{not}a = 1"), "not a = 1");
        assert_canonical(&format!("{not}(a = 1)"), "not a = 1");
    }
}

#[test]
fn negation_binds_closer_than_and_and_that_closer_than_or() {
    let cases = [
        ("a or b and c", "a or b and c"),
        ("a and b or c and d", "a and b or c and d"),
        ("(a or b) and c", "(a or b) and c"),
        ("a and (b or c)", "a and (b or c)"),
        ("(a and b) or c", "a and b or c"),
        ("(a and b) and c", "(a and b) and c"),
        ("a and (b and c)", "a and (b and c)"),
        ("(a or b) or c", "(a or b) or c"),
        ("not a and b", "not a and b"),
        ("not (a and b)", "not (a and b)"),
        ("not a = b or c", "not a = b or c"),
        ("!a||!b&&!c", "not a or not b and not c"),
        ("not not a", "not not a"),
        ("!!(a)", "not not a"),
        ("NOT(a)AND(b)", "not a and b"),
        ("not(a)or not(b)", "not a or not b"),
        ("((a))", "a"),
        ("not request.header.X ~~ \".+\"", "not request.header.X ~~ \".+\""),
        ("a not + b", ""),
    ];
    for (text, canonical) in cases {
        match canonical {
            "" => assert!(Condition::parse(text).is_err(), "{text}"),
            _ => assert_canonical(text, canonical),
        }
    }
}

/// An operand is a variable or a literal (docs/apigee-semantics.md 7.2).
#[test]
fn operands_are_variables_and_literals() {
    let cases = [
        ("a = \"x y\"", "a = \"x y\""),
        ("a = \"\"", "a = \"\""),
        ("a = \"'\\n and\"", "a = \"'\\n and\""),
        ("a = \"not (\"and b", "a = \"not (\" and b"),
        ("a=\"x\"and b=\"y\"or c", "a = \"x\" and b = \"y\" or c"),
        ("a Equals\"x\"", "a = \"x\""),
        ("\"x\" = a", "\"x\" = a"),
        ("\"x\"Equals a", "\"x\" = a"),
        ("200=a", "200 = a"),
        ("null = a", "null = a"),
        ("NULL is a", "null = a"),
        ("a = NULL", "a = null"),
        ("a IsNot Null", "a != null"),
        ("a is TRUE", "a = true"),
        ("a = False", "a = false"),
        ("a = 400", "a = 400"),
        ("a = -5", "a = -5"),
        ("a=-5", "a = -5"),
        ("a > 1.5f", "a > 1.5f"),
        ("a > 1F", "a > 1f"),
        ("a > 2d", "a > 2d"),
        ("a > 2.5D", "a > 2.5d"),
        ("a > 2.50", "a > 2.5d"),
        ("a > .5", "a > 0.5d"),
        ("a > 7l", "a > 7"),
        ("a > 7L)", ""),
        ("a > 7L", "a > 7"),
        ("a ~ 5d", "a ~ \"5\""),
        ("a ~ true", "a ~ \"true\""),
        ("a = b.c-d_e", "a = b.c-d_e"),
        ("_a = request.queryparam.$top", "_a = request.queryparam.$top"),
        ("'request.header.help!me' = 'x'", "'request.header.help!me' = x"),
        ("a = 'b c'", "a = 'b c'"),
        ("'a'='b'", "a = b"),
        ("'null' = 'and'", "'null' = 'and'"),
        ("'Is' is is", "'Is' = 'is'"),
        ("not.found = nothing", "not.found = nothing"),
        ("order = android", "order = android"),
        ("trueish = falsey", "trueish = falsey"),
        ("grüße = 1", "grüße = 1"),
        ("a", "a"),
        ("(a)", "a"),
        ("true", "true"),
        ("null or false", "null or false"),
        ("a and 'b c'", "a and 'b c'"),
        ("a ~ b", "a ~ b"),
        ("a ~/ 'b c'", "a ~/ 'b c'"),
    ];
    for (text, canonical) in cases {
        match canonical {
            "" => assert!(Condition::parse(text).is_err(), "{text}"),
            _ => assert_canonical(text, canonical),
        }
    }
}

#[test]
fn a_blank_text_is_no_condition() {
    for text in ["", " ", "\n\t \r\n"] {
        assert_eq!(Condition::parse(text), Ok(None));
    }
}

#[test]
fn every_variable_is_listed() {
    let condition = parsed("a = b and not (c ~ d or 'e f') or (g ~/ \"/x\" and 1 = h) or i not Matches null");
    let names: Vec<_> = condition.variables().map(|variable| variable.name().to_string()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e f", "g", "h", "i"]);
}

#[test]
fn patterns_are_compiled_at_load() {
    let condition = parsed("a MatchesPath \"/x/*\"");
    let Expression::Match(_, Matching::MatchesPath, PatternSource::Literal(text, pattern)) = condition.expression()
    else {
        panic!("{condition:?}")
    };
    assert_eq!(text, "/x/*");
    assert!(pattern.matches("/x/y") && !pattern.matches("/x/y/z"));
}

#[test]
fn long_conditions_and_deep_ones_within_the_limit_are_fine() {
    let long = vec!["a = \"x\""; 50_000].join(" and ");
    assert_canonical(&long, &long);
    assert_eq!(parsed(&long).variables().count(), 50_000);
    let deep = format!("{}a{}", "(".repeat(64), ")".repeat(64));
    assert_canonical(&deep, "a");
    let negated = format!("{}a", "not ".repeat(64));
    assert_canonical(&negated, &negated);
    let infix = format!("{}a not Is b", "not ".repeat(63));
    assert_canonical(&infix, &format!("{}a = b", "not ".repeat(64)));
}
