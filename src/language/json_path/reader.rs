//! Reads a path: names, brackets and what is in them.

use super::JsonPathError;
use super::filter;
use super::literal;
use super::segment::{Place, Segment, Selector, Slice};

/// Longer paths are refused, in bytes.
const LONGEST_PATH: usize = 16 * 1024;
/// Deeper nesting of filters and parentheses is refused: reading and testing recur once per level.
const MOST_LEVELS: u32 = 24;
/// More filters inside filters are refused: each tests again what the outer one tests.
const MOST_FILTERS: u32 = 4;
/// More `..` are refused.
const MOST_DESCENTS: u32 = 4;
/// Lists of places may multiply the results by this.
const MOST_LISTED: usize = 4096;

/// The largest number in brackets, of either sign: the integers that a double holds.
const LARGEST_INDEX: i64 = (1 << 53) - 1;

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

/// The surroundings of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// It is the whole text, so that names may hold spaces and signs.
    Whole,
    /// It is an operand of a filter, which ends where an operator begins.
    Filter,
}

/// Reads a whole path.
pub(super) fn read(path: &str) -> Result<Read, JsonPathError> {
    if path.len() > LONGEST_PATH {
        return Err(JsonPathError::new(format!("it is longer than {LONGEST_PATH} bytes")));
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
        let behind = self.rest.strip_prefix(text);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    /// Takes a word if it comes next and no letter or digit follows it.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let behind = self.rest.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word));
        let behind = behind.and_then(|_| self.rest.get(word.len()..));
        let behind = behind.filter(|behind| !behind.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    /// Takes characters for as long as they pass.
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

    /// Begins a level of nesting.
    pub(super) fn enter(&mut self) -> Result<(), JsonPathError> {
        self.levels = self.levels.saturating_add(1);
        if self.levels > MOST_LEVELS {
            return Err(JsonPathError::new(format!("nested more than {MOST_LEVELS} levels deep")));
        }
        Ok(())
    }

    /// Ends what [`Reader::enter`] began.
    pub(super) fn leave(&mut self) {
        self.levels = self.levels.saturating_sub(1);
    }

    /// The segments behind a path's beginning. `is_definite` becomes false where they name several places.
    pub(super) fn segments(&mut self, scope: Scope, is_definite: &mut bool) -> Result<Vec<Segment>, JsonPathError> {
        let mut segments = Vec::new();
        loop {
            let is_descendant = self.eat("..");
            if is_descendant {
                self.descents = self.descents.saturating_add(1);
                if self.descents > MOST_DESCENTS {
                    return Err(JsonPathError::new(format!("more than {MOST_DESCENTS} `..`")));
                }
            }
            let selector = if is_descendant || self.eat(".") {
                // A dot in front of a bracket says nothing: `$.[0]`.
                if self.eat("[") { self.bracket()? } else { self.member(scope)? }
            } else if self.eat("[") {
                self.bracket()?
            } else {
                return Ok(segments);
            };
            let is_single = matches!(selector, Selector::Place(Place::Name(_) | Place::Index(_)));
            *is_definite &= is_single && !is_descendant;
            segments.push(Segment { is_descendant, selector });
        }
    }

    /// A name or `*` behind a dot.
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
        Ok(Selector::Place(Place::Name(name)))
    }

    /// The rest behind a `[`, with the `]`.
    fn bracket(&mut self) -> Result<Selector, JsonPathError> {
        self.skip_space();
        let selector = if self.eat("*") {
            self.skip_space();
            Selector::Wildcard
        } else if self.eat("?") {
            self.filters = self.filters.saturating_add(1);
            if self.filters > MOST_FILTERS {
                return Err(JsonPathError::new(format!("more than {MOST_FILTERS} nested filters")));
            }
            let test = filter::read(self)?;
            self.filters = self.filters.saturating_sub(1);
            Selector::Filter(test)
        } else if self.eat("(") {
            self.script()?
        } else {
            self.places()?
        };
        if !self.eat("]") {
            return Err(JsonPathError::new("unmatched `[`"));
        }
        Ok(selector)
    }

    /// `@.length-1)`, the one script that is in use.
    fn script(&mut self) -> Result<Selector, JsonPathError> {
        let script: String = self.take_while(|character| character != ')' && character != ']').to_owned();
        let script: String = script.chars().filter(|character| !character.is_whitespace()).collect();
        let is_last = self.eat(")") && script == "@.length-1";
        self.skip_space();
        if is_last {
            Ok(Selector::Place(Place::Index(-1)))
        } else {
            Err(JsonPathError::new(format!("the script `({script})` is not supported")))
        }
    }

    /// Names, numbers and slices with commas in between.
    fn places(&mut self) -> Result<Selector, JsonPathError> {
        let mut places = Vec::new();
        loop {
            self.skip_space();
            places.push(match self.peek() {
                Some('\'' | '"') => Place::Name(literal::read(self)?),
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
        self.listed = self.listed.saturating_mul(places.len());
        if self.listed > MOST_LISTED {
            return Err(JsonPathError::new("the lists contain too many elements"));
        }
        Ok(match (places.pop(), places.is_empty()) {
            (Some(place), true) => Selector::Place(place),
            (last, _) => {
                places.extend(last);
                Selector::Places(places)
            }
        })
    }
}

/// An index or a slice.
fn numbers(text: &str) -> Option<Place> {
    let mut numbers = text.split(':').map(number);
    let start = numbers.next()??;
    let Some(end) = numbers.next() else { return start.map(Place::Index) };
    let (end, step) = (end?, numbers.next().unwrap_or(Some(None))?);
    let slice = Slice { start, end, step: step.unwrap_or(1) };
    numbers.next().is_none().then_some(Place::Slice(slice))
}

/// A whole number, or nothing where a slice leaves it out.
fn number(text: &str) -> Option<Option<i64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    let number = text.parse::<i64>().ok()?;
    (-LARGEST_INDEX..=LARGEST_INDEX).contains(&number).then_some(Some(number))
}
