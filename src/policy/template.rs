//! Message templates: text with `{variable}` references and `{function(…)}` calls, compiled once at load.
//!
//! The grammar and its special cases are in docs/apigee-semantics.md 6.2.

mod function;
mod parser;

pub use function::Function;

use crate::language::java_regex::{JavaRegex, JavaRegexError};
use crate::policy::variable::Variable;
use crate::suggestion;
use bytestring::ByteString;
use std::fmt;

/// A compiled message template.
///
/// ```
/// use envoy_callout::policy::template::{Syntax, Template, TemplateError};
///
/// let template = Template::parse("id={request.queryparam.id}; {createUuid()}", Syntax::VALUE)?;
/// let variables: Vec<&str> = template.variables().map(|variable| &**variable.name()).collect();
/// assert_eq!(variables, ["request.queryparam.id"]);
///
/// let error = Template::parse("{createUid()}", Syntax::VALUE).unwrap_err();
/// assert_eq!(error.to_string(), "unknown template function createUid; did you mean createUuid?");
/// # Ok::<(), TemplateError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Literal text.
    Literal(ByteString),
    /// A variable's value.
    Variable(Reference),
    /// A function's result.
    Call(Function, Vec<Argument>),
}

/// A variable with its default text, used when it does not resolve.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The variable.
    pub variable: Variable,
    /// The text after the colon, if any.
    pub default: Option<ByteString>,
}

/// An argument of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A quoted text, a number, `true`, `false`, or another text that is not a valid variable name.
    Literal(ByteString),
    /// A variable's value.
    Variable(Reference),
    /// A nested call. Apigee does not evaluate it: it never resolves.
    Nested(ByteString),
}

impl Argument {
    /// Whether it is the value of a private variable.
    pub fn is_private(&self) -> bool {
        matches!(self, Argument::Variable(reference) if reference.variable.is_private())
    }
}

/// The syntax of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// The character that starts an expression.
    pub prefix: char,
    /// The character that ends an expression.
    pub suffix: char,
    /// Whether `${name}` is the same as `{name}`, as in `<URL>` (docs/apigee-semantics.md 2.4). `[inferred]`
    pub dollar: bool,
    /// Whether double quotes around the whole text are dropped (docs/apigee-semantics.md 6.2). `[inferred]`
    pub unquote: bool,
}

impl Syntax {
    /// Braces, as in most elements.
    pub const BRACES: Syntax = Syntax { prefix: '{', suffix: '}', dollar: false, unquote: false };
    /// As in headers, parameters and `<Template>`.
    pub const VALUE: Syntax = Syntax { unquote: true, ..Syntax::BRACES };
    /// As in `<URL>`.
    pub const URL: Syntax = Syntax { dollar: true, ..Syntax::BRACES };

    /// With a payload's `variablePrefix` and `variableSuffix`.
    pub fn delimited(prefix: char, suffix: char) -> Syntax {
        Syntax { prefix, suffix, ..Syntax::BRACES }
    }
}

/// The reason why a template is invalid: a deployment error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// A complete call of an unknown function: `entities.UnknownStringFunction`.
    UnknownFunction(String),
    /// A call with too few or too many arguments.
    ArgumentCount(Function, usize),
    /// An invalid regular expression in a call.
    Regex(Function, JavaRegexError),
}

impl fmt::Display for TemplateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateError::UnknownFunction(name) => {
                let hint = suggestion::hint(name, Function::ALL.iter().map(|function| function.name()));
                write!(formatter, "unknown template function {name}{hint}")
            }
            TemplateError::ArgumentCount(function, count) => {
                let (min, max) = function.argument_counts();
                write!(formatter, "the function {function} takes {min} to {max} arguments, not {count}")
            }
            TemplateError::Regex(function, error) => write!(formatter, "the function {function}: {error}"),
        }
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// Compiles a text. All text outside valid expressions is literal.
    ///
    /// # Errors
    /// A complete call of an unknown function, or one with a wrong number of arguments.
    pub fn parse(text: &str, syntax: Syntax) -> Result<Template, TemplateError> {
        parser::parse(text, syntax).map(|parts| Template { parts })
    }

    /// Whether the template of a text fits into a number of bytes. A text of expressions is smaller than its template.
    pub fn fits(text: &str, left: usize) -> bool {
        // Lists grow by doubling.
        let part = size_of::<Part>().max(size_of::<Argument>()).saturating_mul(2);
        let size = |parts: usize| Variable::size(text).saturating_add(parts.saturating_mul(part));
        // A part starts with a brace and ends with one, an argument ends with a comma; text is in between.
        let is_end = |byte: &u8| matches!(byte, b'{' | b'}' | b',' | b'(');
        size(text.len()) <= left || size(text.bytes().filter(|byte| is_end(byte)).count()) <= left
    }

    /// Checks the literal regular expressions in calls. An invalid one from a variable results in an empty text at run
    /// time (docs/apigee-semantics.md 6.4); an invalid literal is a mistake.
    ///
    /// # Errors
    /// The first invalid one.
    pub fn check_regexes(&self) -> Result<(), TemplateError> {
        for part in &self.parts {
            let Part::Call(function, arguments) = part else { continue };
            let checked = match (function, arguments.as_slice()) {
                (Function::ReplaceAll | Function::ReplaceFirst, [_, Argument::Literal(pattern), ..]) => {
                    JavaRegex::for_replacing(pattern).map(drop)
                }
                (Function::Xeger, [Argument::Literal(pattern)]) => JavaRegex::check_for_making(pattern),
                _ => Ok(()),
            };
            checked.map_err(|error| TemplateError::Regex(*function, error))?;
        }
        Ok(())
    }

    /// The start of the first function call that is literal text, such as `{substring(a, 1)}` with a space.
    pub fn kept_call(&self, syntax: Syntax) -> Option<String> {
        const MAX_SHOWN_CHARS: usize = 60;
        let literals = self.parts.iter().filter_map(|part| match part {
            Part::Literal(text) => Some(text),
            Part::Variable(_) | Part::Call(..) => None,
        });
        let of_text = |text: &ByteString| {
            let mut starts = text.match_indices(syntax.prefix).filter_map(|(at, _)| text.get(at..));
            starts.find_map(|start| {
                let inside = start.strip_prefix(syntax.prefix)?;
                let length = inside.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inside.len());
                let (name, rest) = inside.split_at_checked(length)?;
                let is_call = rest.starts_with('(') && Function::parse(name).is_some();
                is_call.then(|| {
                    let line = start.lines().next().unwrap_or_default();
                    let end =
                        line.find(syntax.suffix).map_or(line.len(), |end| end.saturating_add(syntax.suffix.len_utf8()));
                    line.get(..end).unwrap_or(line).chars().take(MAX_SHOWN_CHARS).collect()
                })
            })
        };
        literals.filter_map(of_text).next()
    }

    /// The start of an expression in a text that is not closed and so is text, such as `{user.id`.
    pub fn unclosed(text: &str, syntax: Syntax) -> Option<String> {
        parser::unclosed(text, syntax)
    }

    /// A template of literal text.
    pub fn literal(text: impl Into<ByteString>) -> Template {
        let text = text.into();
        Template { parts: if text.is_empty() { Vec::new() } else { vec![Part::Literal(text)] } }
    }

    /// The template with the values of constants in place of variables. Calls of functions stay.
    pub fn fold<T: Into<ByteString>>(&self, constant: impl Fn(&str) -> Option<T>) -> Template {
        let mut parts: Vec<Part> = Vec::new();
        for part in &self.parts {
            let value = match part {
                Part::Literal(text) => Some(text.clone()),
                Part::Variable(reference) => constant(reference.variable.name()).map(Into::into),
                Part::Call(..) => None,
            };
            match (parts.last_mut(), value) {
                (Some(Part::Literal(before)), Some(value)) => *before = format!("{before}{value}").into(),
                (_, Some(value)) => parts.push(Part::Literal(value)),
                (_, None) => parts.push(part.clone()),
            }
        }
        Template { parts }
    }

    /// The parts, in order. Adjacent literals are joined.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text, if it does not depend on a request.
    pub fn as_literal(&self) -> Option<ByteString> {
        match self.parts.as_slice() {
            [] => Some(ByteString::new()),
            [Part::Literal(text)] => Some(text.clone()),
            _ => None,
        }
    }

    /// Whether it reads the body of the message with one of these names in the flow where it is expanded.
    pub fn uses_body(&self, names: &[&str]) -> bool {
        self.variables().any(|variable| variable.is_body_of(names))
    }

    /// The variables that the template reads.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts.iter().flat_map(|part| match part {
            Part::Literal(_) => Vec::new(),
            Part::Variable(reference) => vec![&reference.variable],
            Part::Call(_, arguments) => arguments.iter().filter_map(Argument::variable).collect(),
        })
    }
}

impl Argument {
    fn variable(&self) -> Option<&Variable> {
        match self {
            Argument::Variable(reference) => Some(&reference.variable),
            Argument::Literal(_) | Argument::Nested(_) => None,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.variable)?;
        self.default.as_ref().map_or(Ok(()), |default| write!(formatter, ":{default}"))
    }
}

/// Writes the template with braces, in a form that parses to the same template.
impl fmt::Display for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Literal(text) => formatter.write_str(&text.replace('{', "\\{").replace('}', "\\}"))?,
                Part::Variable(reference) => write!(formatter, "{{{reference}}}")?,
                Part::Call(function, arguments) => {
                    write!(formatter, "{{{function}(")?;
                    for (index, argument) in arguments.iter().enumerate() {
                        let comma = if index == 0 { "" } else { "," };
                        match argument {
                            Argument::Literal(text) => write!(formatter, "{comma}'{text}'")?,
                            Argument::Variable(reference) => write!(formatter, "{comma}{reference}")?,
                            Argument::Nested(text) => write!(formatter, "{comma}{text}")?,
                        }
                    }
                    formatter.write_str(")}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
