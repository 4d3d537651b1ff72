//! Reads a filter: `?(…)`.

use super::JsonPathError;
use super::literal;
use super::pattern;
use super::reader::{Reader, Scope};
use super::segment::Query;
use super::test::{Comparison, Operand, Test};
use crate::language::java_regex::JavaRegex;
use crate::language::json_text::Value;
use serde_json::Number;
use std::borrow::Cow;

/// The operators between two operands, each before its prefixes.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// Reads a filter after its `?`, up to the `]`.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Test, JsonPathError> {
    reader.skip_space();
    any(reader)
}

fn any(reader: &mut Reader<'_>) -> Result<Test, JsonPathError> {
    reader.enter()?;
    let mut tests = vec![all(reader)?];
    while reader.eat("||") {
        tests.push(all(reader)?);
    }
    reader.leave();
    Ok(joined(tests, Test::Any))
}

fn all(reader: &mut Reader<'_>) -> Result<Test, JsonPathError> {
    let mut tests = vec![single(reader)?];
    while reader.eat("&&") {
        tests.push(single(reader)?);
    }
    Ok(joined(tests, Test::All))
}

/// A test with optional space around it.
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
            return Err(JsonPathError::new("unmatched `(` in a filter"));
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
    for (operator, comparison) in COMPARISONS {
        if reader.eat(operator) {
            reader.skip_space();
            let right = operand(reader)?;
            return Ok(Test::Compare(single_value(left)?, comparison, single_value(right)?));
        }
    }
    if reader.eat("=~") {
        return matched(reader, left);
    }
    if reader.eat_word("in") {
        return Ok(Test::In(single_value(left)?, list(reader)?));
    }
    if reader.eat_word("nin") {
        return Ok(Test::Not(Box::new(Test::In(single_value(left)?, list(reader)?))));
    }
    match left {
        Operand::Query(query) if matches!(reader.peek(), None | Some(')' | ']' | '&' | '|')) => Ok(Test::Exists(query)),
        Operand::Query(_) => {
            let operator = reader.take_while(|character| !character.is_whitespace() && !")]".contains(character));
            Err(JsonPathError::new(format!("the operator `{operator}` is not supported")))
        }
        Operand::Literal(..) | Operand::Nothing => Err(JsonPathError::new("a filter has nothing to compare")),
    }
}

fn operand(reader: &mut Reader<'_>) -> Result<Operand, JsonPathError> {
    match reader.peek() {
        Some('\'' | '"') => literal::read(reader).map(text_operand),
        Some(start @ ('@' | '$')) => {
            reader.take();
            let is_absolute = start == '$';
            let mut is_definite = true;
            let segments = reader.segments(Scope::Filter, &mut is_definite)?;
            // The search would run again for every tested value.
            if is_absolute && !is_definite {
                return Err(JsonPathError::new("a root path in a filter must select a single value"));
            }
            Ok(Operand::Query(Query { is_absolute, is_definite, segments }))
        }
        _ => {
            let text = reader.take_while(|character| !character.is_whitespace() && !")],&|=!<>".contains(character));
            Ok(match text {
                "" => Operand::Nothing,
                "true" => Operand::Literal(Value::Bool(true), None),
                "false" => Operand::Literal(Value::Bool(false), None),
                "null" => Operand::Literal(Value::Null, None),
                number if is_number(number) => {
                    let number: Cow<'static, str> = Cow::Owned(number.to_owned());
                    Operand::Literal(Value::Number(number.clone()), Some(Value::Text(number)))
                }
                // A text without quotes, as in published paths with templates. `[inferred]`
                text => text_operand(text.to_owned()),
            })
        }
    }
}

fn text_operand(text: String) -> Operand {
    let number = is_number(&text).then(|| Value::Number(Cow::Owned(text.clone())));
    Operand::Literal(Value::Text(Cow::Owned(text)), number)
}

/// Whether a text is a number in JSON, without white space around.
fn is_number(text: &str) -> bool {
    text.trim().len() == text.len() && serde_json::from_str::<Number>(text).is_ok()
}

/// The operand. A path that may select several values is an error.
fn single_value(operand: Operand) -> Result<Operand, JsonPathError> {
    match operand {
        Operand::Query(query) if !query.is_definite => {
            Err(JsonPathError::new("a compared path must select a single value"))
        }
        operand => Ok(operand),
    }
}

/// `=~` with a pattern between slashes, flags after it, or in quotes.
fn matched(reader: &mut Reader<'_>, left: Operand) -> Result<Test, JsonPathError> {
    let Operand::Query(query) = single_value(left)? else {
        return Err(JsonPathError::new("the left operand of `=~` must be a path"));
    };
    reader.skip_space();
    let pattern = match reader.peek() {
        Some('\'' | '"') => literal::read(reader)?,
        _ => pattern::read(reader)?,
    };
    let regex = JavaRegex::compile(&pattern);
    let regex = regex.map_err(|error| JsonPathError::new(format!("`{pattern}`: {error}")))?;
    Ok(Test::Matches(query, Box::new(regex)))
}

/// `[a, b]`.
fn list(reader: &mut Reader<'_>) -> Result<Vec<Operand>, JsonPathError> {
    reader.skip_space();
    if !reader.eat("[") {
        return Err(JsonPathError::new("`in` and `nin` require a list"));
    }
    let mut items = Vec::new();
    reader.skip_space();
    while !reader.eat("]") {
        items.push(single_value(operand(reader)?)?);
        reader.skip_space();
        if !reader.eat(",") && reader.peek() != Some(']') {
            return Err(JsonPathError::new("unclosed list in a filter"));
        }
        reader.skip_space();
    }
    Ok(items)
}

/// Joins several tests; returns a single one unchanged.
fn joined(mut tests: Vec<Test>, join: fn(Vec<Test>) -> Test) -> Test {
    match (tests.pop(), tests.is_empty()) {
        (Some(test), true) => test,
        (last, _) => {
            tests.extend(last);
            join(tests)
        }
    }
}
