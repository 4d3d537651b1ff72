//! Reads a filter: `?(…)`.

use super::JsonPathError;
use super::literal;
use super::pattern;
use super::reader::{Reader, Scope};
use serde_json::Number;

/// What a filter tests.
#[derive(Debug)]
enum Test {
    /// At least one of them.
    Any(Vec<Test>),
    /// All of them.
    All(Vec<Test>),
    /// Not that one.
    Not(Box<Test>),
    /// A comparison or the existence of a path, as RFC 9535 writes it.
    Written(String),
}

/// A side of a comparison.
#[derive(Debug)]
enum Operand {
    /// A path, as RFC 9535 writes it.
    Path(String),
    /// A text.
    Text(String),
    /// A number as it stands, which is JSON.
    Number(String),
    /// `true`, `false` or `null`.
    Word(&'static str),
    /// Nothing, as where a template left an unresolved variable out: it equals nothing.
    Nothing,
}

/// Reads a filter behind its `?`, up to the `]`.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<String, JsonPathError> {
    reader.skip_space();
    let test = any(reader)?;
    let mut written = String::new();
    test.write(&mut written);
    Ok(written)
}

fn any(reader: &mut Reader<'_>) -> Result<Test, JsonPathError> {
    reader.enter()?;
    let mut tests = vec![all(reader)?];
    while reader.eat("||") {
        tests.push(all(reader)?);
    }
    reader.leave();
    Ok(Test::any(tests))
}

fn all(reader: &mut Reader<'_>) -> Result<Test, JsonPathError> {
    let mut tests = vec![single(reader)?];
    while reader.eat("&&") {
        tests.push(single(reader)?);
    }
    Ok(Test::all(tests))
}

/// One test with the space around it.
fn single(reader: &mut Reader<'_>) -> Result<Test, JsonPathError> {
    reader.skip_space();
    let mut is_negative = false;
    while reader.eat("!") {
        is_negative = !is_negative;
        reader.skip_space();
    }
    let test = if reader.eat("(") {
        let test = any(reader)?;
        if !reader.eat(")") {
            return Err(JsonPathError::new("a `(` without its `)` in a filter"));
        }
        test
    } else {
        comparison(reader)?
    };
    reader.skip_space();
    Ok(if is_negative { Test::Not(Box::new(test)) } else { test })
}

fn comparison(reader: &mut Reader<'_>) -> Result<Test, JsonPathError> {
    let left = operand(reader)?;
    reader.skip_space();
    for operator in ["==", "!=", "<=", ">=", "<", ">"] {
        if reader.eat(operator) {
            reader.skip_space();
            let right = operand(reader)?;
            return Ok(compared(&left, operator, &right));
        }
    }
    if reader.eat("=~") {
        return matched(reader, &left);
    }
    if reader.eat_word("in") {
        let tests = list(reader)?.iter().map(|right| compared(&left, "==", right)).collect();
        return Ok(Test::any(tests));
    }
    if reader.eat_word("nin") {
        let tests = list(reader)?.iter().map(|right| compared(&left, "!=", right)).collect();
        return Ok(Test::all(tests));
    }
    match left {
        Operand::Path(path) if matches!(reader.peek(), None | Some(')' | ']' | '&' | '|')) => Ok(Test::Written(path)),
        Operand::Path(_) => {
            let operator = reader.take_while(|character| !character.is_whitespace() && !")]".contains(character));
            Err(JsonPathError::new(format!("the operator `{operator}`, which is not supported")))
        }
        Operand::Text(_) | Operand::Number(_) | Operand::Word(_) | Operand::Nothing => {
            Err(JsonPathError::new("a filter with nothing to compare"))
        }
    }
}

fn operand(reader: &mut Reader<'_>) -> Result<Operand, JsonPathError> {
    match reader.peek() {
        Some('\'' | '"') => literal::read(reader).map(Operand::Text),
        Some(start @ ('@' | '$')) => {
            reader.take();
            let mut path = String::from(start);
            let mut is_definite = true;
            let names_root = reader.names_root || start == '$';
            reader.segments(Scope::Filter, &mut path, &mut is_definite)?;
            reader.names_root |= names_root;
            // It would be looked for once more at every place that is tested.
            if start == '$' && !is_definite {
                return Err(JsonPathError::new("a path from the root in a filter that names several places"));
            }
            Ok(Operand::Path(path))
        }
        _ => {
            let text = reader.take_while(|character| !character.is_whitespace() && !")],&|=!<>".contains(character));
            let word = ["true", "false", "null"].into_iter().find(|word| *word == text);
            Ok(match (word, number(text)) {
                _ if text.is_empty() => Operand::Nothing,
                (Some(word), _) => Operand::Word(word),
                (None, Some(number)) => Operand::Number(number),
                // Text without its quotes, as templates in published paths leave it. `[inferred]`
                (None, None) => Operand::Text(text.to_owned()),
            })
        }
    }
}

/// The text of a number if it is one in JSON.
fn number(text: &str) -> Option<String> {
    serde_json::from_str::<Number>(text).is_ok().then(|| text.trim().to_owned())
}

/// A comparison. A number and a text that reads the same are equal. `[recalled]`
fn compared(left: &Operand, operator: &str, right: &Operand) -> Test {
    let written =
        |left: &Operand, right: &Operand| Test::Written(format!("{} {operator} {}", left.written(), right.written()));
    if matches!((left, right), (Operand::Nothing, _) | (_, Operand::Nothing)) {
        return if operator == "!=" { Test::All(Vec::new()) } else { Test::Any(Vec::new()) };
    }
    let tests = match (left, right) {
        (Operand::Path(_), _) if let Some(other) = right.other_type() => {
            vec![written(left, right), written(left, &other)]
        }
        (_, Operand::Path(_)) if let Some(other) = left.other_type() => {
            vec![written(left, right), written(&other, right)]
        }
        _ => vec![written(left, right)],
    };
    match operator {
        "==" => Test::any(tests),
        "!=" => Test::all(tests),
        _ => written(left, right),
    }
}

/// `=~` with a pattern between slashes, flags behind it, or in quotes.
fn matched(reader: &mut Reader<'_>, left: &Operand) -> Result<Test, JsonPathError> {
    let Operand::Path(path) = left else {
        return Err(JsonPathError::new("a `=~` with something else than a path on its left"));
    };
    reader.skip_space();
    let pattern = match reader.peek() {
        Some('\'' | '"') => literal::read(reader)?,
        _ => pattern::read(reader)?,
    };
    pattern::check(&pattern)?;
    Ok(Test::Written(format!("{}({path}, {})", pattern::FUNCTION, literal::write(&pattern))))
}

/// `[a, b]`.
fn list(reader: &mut Reader<'_>) -> Result<Vec<Operand>, JsonPathError> {
    reader.skip_space();
    if !reader.eat("[") {
        return Err(JsonPathError::new("an `in` or `nin` without a list"));
    }
    let mut items = Vec::new();
    reader.skip_space();
    while !reader.eat("]") {
        items.push(operand(reader)?);
        reader.skip_space();
        if !reader.eat(",") && reader.peek() != Some(']') {
            return Err(JsonPathError::new("a list in a filter that does not end"));
        }
        reader.skip_space();
    }
    Ok(items)
}

impl Operand {
    fn written(&self) -> String {
        match self {
            Operand::Path(path) => path.clone(),
            Operand::Text(text) => literal::write(text),
            Operand::Number(number) => number.clone(),
            Operand::Word(word) => (*word).to_owned(),
            Operand::Nothing => String::new(),
        }
    }

    /// A number as a text, and a text as the number that it holds.
    fn other_type(&self) -> Option<Operand> {
        match self {
            Operand::Text(text) => number(text).filter(|number| number == text).map(Operand::Number),
            Operand::Number(number) => Some(Operand::Text(number.clone())),
            Operand::Path(_) | Operand::Word(_) | Operand::Nothing => None,
        }
    }
}

impl Test {
    /// Alternatives, without alternatives in them.
    fn any(tests: Vec<Test>) -> Test {
        Test::joined(tests, Test::Any, |test| match test {
            Test::Any(tests) => Ok(tests),
            test => Err(test),
        })
    }

    /// A conjunction, without conjunctions in it.
    fn all(tests: Vec<Test>) -> Test {
        Test::joined(tests, Test::All, |test| match test {
            Test::All(tests) => Ok(tests),
            test => Err(test),
        })
    }

    fn joined(tests: Vec<Test>, join: fn(Vec<Test>) -> Test, open: fn(Test) -> Result<Vec<Test>, Test>) -> Test {
        let mut flat = Vec::with_capacity(tests.len());
        for test in tests {
            match open(test) {
                Ok(inner) => flat.extend(inner),
                Err(test) => flat.push(test),
            }
        }
        match flat.len() {
            1 => flat.pop().unwrap_or(join(Vec::new())),
            _ => join(flat),
        }
    }

    fn write(&self, written: &mut String) {
        match self {
            Test::Written(test) => written.push_str(test),
            Test::Not(test) => {
                written.push_str("!(");
                test.write(written);
                written.push(')');
            }
            // No alternative is never true, and no condition always is.
            Test::Any(tests) if tests.is_empty() => written.push_str("1 == 2"),
            Test::All(tests) if tests.is_empty() => written.push_str("1 == 1"),
            Test::Any(tests) => Test::write_joined(tests, " || ", written),
            Test::All(tests) => Test::write_joined(tests, " && ", written),
        }
    }

    fn write_joined(tests: &[Test], operator: &str, written: &mut String) {
        for (index, test) in tests.iter().enumerate() {
            if index > 0 {
                written.push_str(operator);
            }
            if matches!(test, Test::Any(_) | Test::All(_)) {
                written.push('(');
                test.write(written);
                written.push(')');
            } else {
                test.write(written);
            }
        }
    }
}
