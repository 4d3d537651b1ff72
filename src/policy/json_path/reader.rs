//! Reads a path: names, brackets and what is in them.

use super::JsonPathError;
use super::filter;
use super::literal;

/// Longer paths are refused, in bytes.
const LONGEST_PATH: usize = 16 * 1024;
/// Deeper nesting of filters and parentheses is refused: reading and the engine recur once per level.
const MOST_LEVELS: u32 = 24;
/// More filters inside filters are refused: the engine reads an inner one twice for each outer one.
const MOST_FILTERS: u32 = 4;
/// More `..` are refused.
const MOST_DESCENTS: u32 = 4;
/// Lists of places may multiply the results by this.
const MOST_LISTED: usize = 4096;

/// A path as RFC 9535 writes it, cut before and behind every filter that is a stage of its own.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) stages: Vec<String>,
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
    /// Where in the written path the filters stand that are stages of their own: what they begin and end with.
    stages: Vec<usize>,
    /// Whether the filter that was read last names a path from the root.
    pub(super) names_root: bool,
}

/// Where a path stands.
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
    let mut reader = Reader {
        rest: path.trim(),
        levels: 0,
        filters: 0,
        descents: 0,
        listed: 1,
        stages: Vec::new(),
        names_root: false,
    };
    if reader.rest.is_empty() {
        return Err(JsonPathError::new("it is empty"));
    }
    let mut written = String::from("$");
    let mut is_definite = true;
    if !reader.eat("$") && !reader.rest.starts_with(['.', '[']) {
        reader.member(Scope::Whole, &mut written, &mut is_definite)?;
    }
    reader.segments(Scope::Whole, &mut written, &mut is_definite)?;
    match reader.peek() {
        None => Ok(Read { stages: cut(&written, &reader.stages), is_definite, descents: reader.descents }),
        Some(character) => Err(JsonPathError::new(format!("a `{character}` in an unexpected place"))),
    }
}

/// The parts of a written path as paths of their own.
fn cut(written: &str, places: &[usize]) -> Vec<String> {
    let begins = std::iter::once(1).chain(places.iter().copied());
    let ends = places.iter().copied().chain(std::iter::once(written.len()));
    let parts = begins.zip(ends).filter_map(|(begin, end)| written.get(begin..end));
    parts.filter(|part| !part.is_empty()).map(|part| format!("${part}")).collect()
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
            return Err(JsonPathError::new(format!("nested more than {MOST_LEVELS} deep")));
        }
        Ok(())
    }

    /// Ends what [`Reader::enter`] began.
    pub(super) fn leave(&mut self) {
        self.levels = self.levels.saturating_sub(1);
    }

    /// The segments behind a path's beginning.
    pub(super) fn segments(
        &mut self,
        scope: Scope,
        written: &mut String,
        is_definite: &mut bool,
    ) -> Result<(), JsonPathError> {
        loop {
            let descents = self.descents;
            if self.eat("..") {
                self.descents = self.descents.saturating_add(1);
                if self.descents > MOST_DESCENTS {
                    return Err(JsonPathError::new(format!("more than {MOST_DESCENTS} `..`")));
                }
                *is_definite = false;
                written.push_str("..");
                if !self.eat("[") {
                    self.member(scope, written, is_definite)?;
                    continue;
                }
            } else if self.eat(".") {
                // A dot in front of a bracket says nothing: `$.[0]`.
                if !self.eat("[") {
                    self.member(scope, written, is_definite)?;
                    continue;
                }
            } else if !self.eat("[") {
                return Ok(());
            }
            let begin = written.len();
            self.names_root = false;
            self.bracket(written, is_definite)?;
            let is_filter = written.get(begin..).is_some_and(|part| part.starts_with("[?"));
            // In a stage of its own the root would be another.
            if scope == Scope::Whole && is_filter && descents == self.descents && !self.names_root {
                self.stages.extend([begin, written.len()]);
            }
        }
    }

    /// A name or `*` behind a dot.
    fn member(&mut self, scope: Scope, written: &mut String, is_definite: &mut bool) -> Result<(), JsonPathError> {
        if self.eat("*") {
            *is_definite = false;
            written.push_str("[*]");
            return Ok(());
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
            return Err(JsonPathError::new(format!("the function `{name}()`, which is not supported")));
        }
        written.push_str(&format!("[{}]", literal::write(&name)));
        Ok(())
    }

    /// What follows a `[`.
    fn bracket(&mut self, written: &mut String, is_definite: &mut bool) -> Result<(), JsonPathError> {
        self.skip_space();
        written.push('[');
        if self.eat("*") {
            *is_definite = false;
            written.push('*');
            self.skip_space();
        } else if self.eat("?") {
            *is_definite = false;
            self.filters = self.filters.saturating_add(1);
            if self.filters > MOST_FILTERS {
                return Err(JsonPathError::new(format!("more than {MOST_FILTERS} filters inside each other")));
            }
            written.push('?');
            written.push_str(&filter::read(self)?);
            self.filters = self.filters.saturating_sub(1);
        } else if self.eat("(") {
            written.push_str(self.script()?);
        } else {
            self.places(written, is_definite)?;
        }
        if !self.eat("]") {
            return Err(JsonPathError::new("a `[` without its `]`"));
        }
        written.push(']');
        Ok(())
    }

    /// `@.length-1)`, the one script that is in use.
    fn script(&mut self) -> Result<&'static str, JsonPathError> {
        let script: String = self.take_while(|character| character != ')' && character != ']').to_owned();
        let script: String = script.chars().filter(|character| !character.is_whitespace()).collect();
        let is_last = self.eat(")") && script == "@.length-1";
        self.skip_space();
        if is_last {
            Ok("-1")
        } else {
            Err(JsonPathError::new(format!("the script `({script})`, which is not supported")))
        }
    }

    /// Names, numbers and slices with commas in between.
    fn places(&mut self, written: &mut String, is_definite: &mut bool) -> Result<(), JsonPathError> {
        let mut count = 0_usize;
        loop {
            self.skip_space();
            match self.peek() {
                Some('\'' | '"') => written.push_str(&literal::write(&literal::read(self)?)),
                _ => {
                    let text = self.take_while(|character| !"],".contains(character)).trim().to_owned();
                    if text.contains(':') {
                        *is_definite = false;
                    }
                    let numbers: Option<Vec<String>> = text.split(':').map(index).collect();
                    let numbers =
                        numbers.filter(|numbers| numbers.len() <= 3 && (numbers.len() > 1 || !text.is_empty()));
                    let numbers = numbers.ok_or_else(|| JsonPathError::new(format!("`[{text}]`")))?;
                    written.push_str(&numbers.join(":"));
                }
            }
            count = count.saturating_add(1);
            self.skip_space();
            if !self.eat(",") {
                break;
            }
            *is_definite = false;
            written.push(',');
        }
        self.listed = self.listed.saturating_mul(count);
        if self.listed > MOST_LISTED {
            return Err(JsonPathError::new("lists of too many places"));
        }
        Ok(())
    }
}

/// A whole number, or nothing where a slice leaves it out.
fn index(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return Some(String::new());
    }
    text.parse::<i64>().ok().map(|number| number.to_string())
}
