use super::*;

fn tolerated(text: &str) -> (Condition, Vec<(usize, String)>) {
    let (condition, mistakes) = Condition::parse_published(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mistakes = mistakes.into_iter().map(|mistake| (mistake.column, mistake.to_string())).collect();
    (condition.unwrap(), mistakes)
}

#[test]
fn mistakes_with_one_reading_are_warnings_with_columns() {
    let open = "this parenthesis is not closed; the end of the condition closes it";
    let dangling = |word: &str| format!("no comparison follows {word}; it is ignored");
    let negated = |word: &str, symbol: &str| {
        format!("{word} {symbol} is not an operator; it is read as the negation of {symbol}")
    };
    let reversed = "/~ is not an operator; it is read as ~/".to_owned();
    let cases = [
        ("(a = 1", "a = 1", vec![(1, open.to_owned())]),
        ("a or ((b = 1) and c", "a or ((b = 1) and c)", vec![(6, open.to_owned())]),
        ("((a = 1", "a = 1", vec![(1, open.to_owned()), (2, open.to_owned())]),
        ("not (a = \"ü\" and (b", "not (a = \"ü\" and b)", vec![(5, open.to_owned()), (18, open.to_owned())]),
        ("a and", "a", vec![(3, dangling("and"))]),
        ("a = \"x\" || ", "a = \"x\"", vec![(9, dangling("||"))]),
        ("(a = 1 OR ) and b", "a = 1 and b", vec![(8, dangling("OR"))]),
        ("(a = 1 &&", "a = 1", vec![(1, open.to_owned()), (8, dangling("&&"))]),
        ("a and b or", "a and b", vec![(9, dangling("or"))]),
        ("a or b and", "a or b", vec![(8, dangling("and"))]),
        ("a Not ~ \"x*\"", "not a ~ \"x*\"", vec![(3, negated("Not", "~"))]),
        ("a Not =| \"x\"", "not a =| \"x\"", vec![(3, negated("Not", "=|"))]),
        ("a not = \"x\"", "not a = \"x\"", vec![(3, negated("not", "="))]),
        ("a NOT ~/ \"/x\" and b", "not (a ~/ \"/x\") and b", vec![(3, negated("NOT", "~/"))]),
        ("a /~ \"/x\"", "a ~/ \"/x\"", vec![(3, reversed.clone())]),
        ("(a/~\"/x/*\") or b", "a ~/ \"/x/*\" or b", vec![(3, reversed)]),
        ("a = 1", "a = 1", vec![]),
    ];
    for (text, reading, mistakes) in cases {
        assert_eq!(tolerated(text), (parsed(reading), mistakes), "{text}");
    }
}
