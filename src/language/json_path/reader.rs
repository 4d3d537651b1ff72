//! Reads a path: names and brackets.

use super::JsonPathError;
use super::filter;
use super::literal;
use super::segment::{Key, Segment, Selector, Slice};

/// Maximum length of a path in bytes.
const MAX_PATH_BYTES: usize = 16 * 1024;
/// Maximum number of levels of filters and parentheses: reading and testing recurse once per level.
const MAX_LEVELS: u32 = 24;
/// Maximum number of nested filters: each repeats the tests of the outer one.
const MAX_FILTERS: u32 = 4;
/// Maximum number of `..` in a path.
const MAX_DESCENTS: u32 = 4;
/// Maximum factor by which lists may multiply the results.
const MAX_LIST_FACTOR: usize = 4096;

/// Maximum number in brackets, of either sign: the integers that a double represents exactly.
const MAX_INDEX: i64 = (1 << 53) - 1;

/// A whole path.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) segments: Vec<Segment>,
    pub(super) is_definite: bool,
    pub(super) descents: u32,
}

/// The state while reading.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a str,
    levels: u32,
    filters: u32,
    descents: u32,
    listed: usize,
}

/// The context of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The path is the whole text, so names may contain spaces and signs.
    Whole,
    /// The path is an operand of a filter, which ends before an operator.
    Filter,
}

/// Reads a whole path.
pub(super) fn read(path: &str) -> Result<Read, JsonPathError> {
    if path.len() > MAX_PATH_BYTES {
        return Err(JsonPathError::new(format!("it is longer than {MAX_PATH_BYTES} bytes")));
    }
    let mut reader = Reader { rest: path.trim(), levels: 0, filters: 0, descents: 0, listed: 1 };
    if reader.rest.is_empty() {
        return Err(JsonPathError::new("it is empty"));
    }
    let mut segments = Vec::new();
    let mut is_definite = true;
    if !reader.eat("$") && !reader.rest.starts_with(['.', '[']) {
        let selector = reader.member(Scope::Whole)?;
        is_definite = !matches!(selector, Selector::Wildcard);
        segments.push(Segment { is_descendant: false, selector });
    }
    segments.extend(reader.segments(Scope::Whole, &mut is_definite)?);
    match reader.peek() {
        None => Ok(Read { segments, is_definite, descents: reader.descents }),
        Some(character) => Err(JsonPathError::new(format!("unexpected `{character}`"))),
    }
}

impl Reader<'_> {
    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes the next character.
    pub(super) fn take(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let character = characters.next();
        self.rest = characters.as_str();
        character
    }

    /// Takes a text if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let after = self.rest.strip_prefix(text);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Takes a word if it comes next and no letter or digit follows it.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let after = self.rest.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word));
        let after = after.and_then(|_| self.rest.get(word.len()..));
        let after = after.filter(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Takes characters while a condition is true.
    pub(super) fn take_while(&mut self, passes: impl Fn(char) -> bool) -> &str {
        let end = self.rest.find(|character| !passes(character)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes white space.
    pub(super) fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Enters a level of nesting.
    pub(super) fn enter(&mut self) -> Result<(), JsonPathError> {
        self.levels = self.levels.saturating_add(1);
        if self.levels > MAX_LEVELS {
            return Err(JsonPathError::new(format!("nested more than {MAX_LEVELS} levels deep")));
        }
        Ok(())
    }

    /// Leaves the level of [`Reader::enter`].
    pub(super) fn leave(&mut self) {
        self.levels = self.levels.saturating_sub(1);
    }

    /// The segments of a path. Sets `is_definite` to false if they may select several values.
    pub(super) fn segments(&mut self, scope: Scope, is_definite: &mut bool) -> Result<Vec<Segment>, JsonPathError> {
        let mut segments = Vec::new();
        loop {
            let is_descendant = self.eat("..");
            if is_descendant {
                self.descents = self.descents.saturating_add(1);
                if self.descents > MAX_DESCENTS {
                    return Err(JsonPathError::new(format!("more than {MAX_DESCENTS} `..`")));
                }
            }
            let selector = if is_descendant || self.eat(".") {
                // A dot before a bracket has no meaning: `$.[0]`.
                if self.eat("[") { self.bracket()? } else { self.member(scope)? }
            } else if self.eat("[") {
                self.bracket()?
            } else {
                return Ok(segments);
            };
            let is_single = matches!(selector, Selector::Key(Key::Name(_) | Key::Index(_)));
            *is_definite &= is_single && !is_descendant;
            segments.push(Segment { is_descendant, selector });
        }
    }

    /// A name or `*` after a dot.
    fn member(&mut self, scope: Scope) -> Result<Selector, JsonPathError> {
        if self.eat("*") {
            return Ok(Selector::Wildcard);
        }
        let name = self.take_while(|character| match scope {
            Scope::Whole => !".[]()'\"".contains(character),
            Scope::Filter => !".[]()'\"=!<>~&|,".contains(character) && !character.is_whitespace(),
        });
        let name = name.trim().to_owned();
        if name.is_empty() {
            return Err(JsonPathError::new("a dot without a name"));
        }
        if self.peek() == Some('(') {
            return Err(JsonPathError::new(format!("the function `{name}()` is not supported")));
        }
        Ok(Selector::Key(Key::Name(name)))
    }

    /// The content of brackets after the `[`, and the `]`.
    fn bracket(&mut self) -> Result<Selector, JsonPathError> {
        self.skip_space();
        let selector = if self.eat("*") {
            self.skip_space();
            Selector::Wildcard
        } else if self.eat("?") {
            self.filters = self.filters.saturating_add(1);
            if self.filters > MAX_FILTERS {
                return Err(JsonPathError::new(format!("more than {MAX_FILTERS} nested filters")));
            }
            let test = filter::read(self)?;
            self.filters = self.filters.saturating_sub(1);
            Selector::Filter(test)
        } else if self.eat("(") {
            self.script()?
        } else {
            self.keys()?
        };
        if !self.eat("]") {
            return Err(JsonPathError::new("unmatched `[`"));
        }
        Ok(selector)
    }

    /// `@.length-1)`, the only supported script.
    fn script(&mut self) -> Result<Selector, JsonPathError> {
        let script: String = self.take_while(|character| character != ')' && character != ']').to_owned();
        let script: String = script.chars().filter(|character| !character.is_whitespace()).collect();
        let is_last = self.eat(")") && script == "@.length-1";
        self.skip_space();
        if is_last {
            Ok(Selector::Key(Key::Index(-1)))
        } else {
            Err(JsonPathError::new(format!("the script `({script})` is not supported")))
        }
    }

    /// Names, numbers and slices, separated by commas.
    fn keys(&mut self) -> Result<Selector, JsonPathError> {
        let mut keys = Vec::new();
        loop {
            self.skip_space();
            keys.push(match self.peek() {
                Some('\'' | '"') => Key::Name(literal::read(self)?),
                _ => {
                    let text = self.take_while(|character| !"],".contains(character)).trim();
                    numbers(text).ok_or_else(|| JsonPathError::new(format!("`[{text}]`")))?
                }
            });
            self.skip_space();
            if !self.eat(",") {
                break;
            }
        }
        self.listed = self.listed.saturating_mul(keys.len());
        if self.listed > MAX_LIST_FACTOR {
            return Err(JsonPathError::new("the lists contain too many elements"));
        }
        Ok(match (keys.pop(), keys.is_empty()) {
            (Some(key), true) => Selector::Key(key),
            (last, _) => {
                keys.extend(last);
                Selector::Keys(keys)
            }
        })
    }
}

/// An index or a slice.
fn numbers(text: &str) -> Option<Key> {
    let mut numbers = text.split(':').map(number);
    let start = numbers.next()??;
    let Some(end) = numbers.next() else { return start.map(Key::Index) };
    let (end, step) = (end?, numbers.next().unwrap_or(Some(None))?);
    let slice = Slice { start, end, step: step.unwrap_or(1) };
    numbers.next().is_none().then_some(Key::Slice(slice))
}

/// An integer, or nothing if a slice omits it.
fn number(text: &str) -> Option<Option<i64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    let number = text.parse::<i64>().ok()?;
    (-MAX_INDEX..=MAX_INDEX).contains(&number).then_some(Some(number))
}
