//! The headers of a message: an ordered list in which a name can occur several times.

pub(super) mod grouped;
mod hop_by_hop;
mod line;

pub use hop_by_hop::is_hop_by_hop;
pub use line::{HeaderSpan, Line};

use crate::flow::distinct::{Caseless, Distinct, LINEAR_SEARCH_MAX};
use crate::flow::indexed;
use bytes::Bytes;
use bytestring::ByteString;
use grouped::Grouped;
use line::{Lines, Stored};
use std::fmt;
use std::rc::Rc;

/// Header lines in order. Clones share the list until one of them changes it.
///
/// ```
/// use bytes::Bytes;
/// use envoy_callout::flow::headers::Headers;
///
/// let mut headers = Headers::new(vec![(Bytes::from("x-user"), Bytes::from("7"))]);
/// headers.add("X-User", Bytes::from("8"));
/// assert_eq!(headers.joined("x-user").as_deref(), Some("7,8"));
/// headers.remove("x-user");
/// assert!(!headers.contains("x-user"));
/// ```
#[derive(Clone, Default)]
pub struct Headers(Rc<Lines>);

/// Headers in which a comma is part of a value and not a separator (docs/apigee-semantics.md 8.2). `[inferred]`
const WHOLE_VALUED: [&str; 7] =
    ["set-cookie", "date", "expires", "last-modified", "if-modified-since", "if-unmodified-since", "retry-after"];

impl Headers {
    /// Headers from lines.
    pub fn new(lines: Vec<(Bytes, Bytes)>) -> Headers {
        let list = lines.into_iter().map(|(name, value)| Stored::Own(name, value)).collect();
        Headers(Rc::new(Lines { block: Bytes::new(), list }))
    }

    /// Headers whose lines are spans of a block.
    pub fn in_block(block: Bytes, spans: Vec<HeaderSpan>) -> Headers {
        Headers(Rc::new(Lines { block, list: spans.into_iter().map(Stored::Received).collect() }))
    }

    /// Every line, in order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.0.iter()
    }

    /// The size of all names and values in bytes.
    pub fn size(&self) -> usize {
        self.lines().fold(0, |sum, line| sum.saturating_add(line.name().len()).saturating_add(line.value().len()))
    }

    /// The whole first line of a name. Names are compared without case.
    pub fn first_line(&self, name: &str) -> Option<Bytes> {
        self.lines().find(|line| line.is_of(name.as_bytes())).map(Line::to_value)
    }

    /// Whether a line has this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.position(name).is_some()
    }

    /// The values of all lines of a name, not split at commas.
    pub fn lines_of(&self, name: &str) -> impl Iterator<Item = Bytes> {
        self.named(name.as_bytes()).map(Line::to_value)
    }

    /// The lines of a name.
    pub fn named(&self, name: &[u8]) -> impl Iterator<Item = Line<'_>> {
        self.lines().filter(move |line| line.is_of(name))
    }

    /// Keeps the lines whose names these headers do not contain.
    pub fn missing<'l>(&self, mut lines: Vec<Line<'l>>) -> Vec<Line<'l>> {
        if lines.len() <= LINEAR_SEARCH_MAX {
            lines.retain(|line| self.named(line.name()).next().is_none());
        } else {
            let known = Grouped::new(self.lines());
            lines.retain(|line| known.lines(line.name()).is_empty());
        }
        lines
    }

    /// The values of a name: its lines split at commas and trimmed, except for headers whose values contain commas.
    pub fn values(&self, name: &str) -> Vec<ByteString> {
        values_of(name, self.named(name.as_bytes())).collect()
    }

    /// The first of [`Headers::values`].
    pub fn first_value(&self, name: &str) -> Option<ByteString> {
        first_value_of(name, self.named(name.as_bytes()))
    }

    /// The lines of a name joined with commas.
    pub fn joined(&self, name: &str) -> Option<ByteString> {
        joined(self.named(name.as_bytes()))
    }

    /// The distinct names in the order and the spelling of their first lines.
    pub fn names(&self) -> Vec<ByteString> {
        distinct(self.lines()).into_iter().map(Line::to_name).collect()
    }

    /// Replaces all lines of a name by one, at the position of the first.
    pub fn set(&mut self, name: &str, value: Bytes) {
        let lines = Rc::make_mut(&mut self.0);
        let line = Stored::Own(Bytes::copy_from_slice(name.as_bytes()), value);
        let Some(position) = lines.position(name) else { return lines.list.push(line) };
        if lines.iter().skip(position).filter(|line| line.is_of(name.as_bytes())).count() > 1 {
            lines.retain(|line| !line.is_of(name.as_bytes()));
            lines.list.insert(position, line);
        } else if let Some(first) = lines.list.get_mut(position) {
            *first = line;
        }
    }

    /// Replaces all lines of a name by others, at the position of the first.
    pub fn set_lines(&mut self, name: &str, values: Vec<Bytes>) {
        let lines = Rc::make_mut(&mut self.0);
        let position = lines.position(name).unwrap_or(lines.list.len());
        lines.retain(|line| !line.is_of(name.as_bytes()));
        lines.list.splice(position..position, own(name, &values));
    }

    /// Replaces the lines of several names, each at the position of its first line. New names follow at the end. The
    /// names in `changes` are distinct without case.
    pub fn replace(&mut self, changes: Vec<(ByteString, Vec<Bytes>)>) {
        if changes.is_empty() {
            return;
        }
        let mut names = Distinct::new();
        for (name, _) in &changes {
            names.insert(Caseless(name.as_bytes()));
        }
        let mut fresh: Vec<Vec<Stored>> = changes.iter().map(|(name, values)| own(name, values)).collect();
        let lines = Rc::make_mut(&mut self.0);
        let mut list = Vec::with_capacity(lines.list.len());
        for line in lines.iter() {
            match names.index(&Caseless(line.name())).and_then(|index| fresh.get_mut(index)) {
                Some(fresh) => list.append(fresh),
                None => list.push(line.to_stored()),
            }
        }
        list.extend(fresh.into_iter().flatten());
        lines.list = list;
    }

    /// Replaces the lines of all names in `from` by its lines.
    pub fn replace_all(&mut self, from: &Headers) {
        let grouped = Grouped::new(from.lines());
        let values = |lines: &[Line<'_>]| lines.iter().map(|line| line.to_value()).collect();
        self.replace(grouped.iter().map(|(first, lines)| (first.to_name(), values(lines))).collect());
    }

    /// Adds missing values of `from` to the names that both contain (docs/apigee-semantics.md 9.4).
    pub fn add_missing(&mut self, from: &Headers) {
        let current = Grouped::new(self.lines());
        let mut changes = Vec::new();
        for (first, lines) in Grouped::new(from.lines()).iter() {
            let name = first.to_name();
            let mut values: Vec<ByteString> = values_of(&name, current.lines(first.name()).iter().copied()).collect();
            let mut known = Distinct::new();
            for value in &values {
                known.insert(value.clone());
            }
            let count = values.len();
            values.extend(values_of(&name, lines.iter().copied()).filter(|value| known.index(value).is_none()));
            if count > 0 && values.len() > count {
                changes.push((name.clone(), to_lines(&name, &values)));
            }
        }
        self.replace(changes);
    }

    /// Inserts a line before all others.
    pub fn put_first(&mut self, name: &'static str, value: Bytes) {
        let line = Stored::Own(Bytes::from_static(name.as_bytes()), value);
        Rc::make_mut(&mut self.0).list.insert(0, line);
    }

    /// Adds a line to those of the same name.
    pub fn add(&mut self, name: &str, value: Bytes) {
        let line = Stored::Own(Bytes::copy_from_slice(name.as_bytes()), value);
        Rc::make_mut(&mut self.0).list.push(line);
    }

    /// Sets the value with a 1-based number, or appends it when the number is one past the last. Larger numbers do
    /// nothing. Returns whether it was set.
    pub fn set_value(&mut self, name: &str, number: usize, value: Bytes) -> bool {
        let mut values = self.values(name);
        let is_set = indexed::set(&mut values, number, text(value));
        if is_set {
            self.set_lines(name, values.into_iter().map(ByteString::into_bytes).collect());
        }
        is_set
    }

    /// Removes the values with some 1-based numbers. The numbers are those before the removal.
    pub fn remove_values(&mut self, name: &str, numbers: &[usize]) {
        let mut values = self.values(name);
        if indexed::remove(&mut values, numbers) {
            self.set_lines(name, values.into_iter().map(ByteString::into_bytes).collect());
        }
    }

    /// Removes all lines of a name.
    pub fn remove(&mut self, name: &str) {
        if self.contains(name) {
            Rc::make_mut(&mut self.0).retain(|line| !line.is_of(name.as_bytes()));
        }
    }

    /// Removes all lines of some names.
    pub fn remove_all(&mut self, names: &[&str]) {
        let is_named = |line: Line<'_>| names.iter().any(|name| line.is_of(name.as_bytes()));
        if self.lines().any(is_named) {
            Rc::make_mut(&mut self.0).retain(|line| !is_named(line));
        }
    }

    /// Keeps the lines whose names satisfy a predicate.
    pub fn retain(&mut self, keep: impl Fn(&[u8]) -> bool) {
        Rc::make_mut(&mut self.0).retain(|line| keep(line.name()));
    }

    /// Removes all lines.
    pub fn clear(&mut self) {
        self.0 = Rc::default();
    }

    /// The changes from `before` to these headers.
    pub fn changes_since(&self, before: &Headers) -> Vec<HeaderChange> {
        if Rc::ptr_eq(&self.0, &before.0) {
            return Vec::new();
        }
        // Names that occur only in the common prefix have the same lines in both.
        let same = self.lines().zip(before.lines()).take_while(|(now, then)| now == then).count();
        let (names_before, names_now) = (distinct(before.lines().skip(same)), distinct(self.lines().skip(same)));
        if names_before.len().max(names_now.len()) > LINEAR_SEARCH_MAX {
            return self.many_changes(before, &names_before, &names_now);
        }
        let mut changes = Vec::new();
        for name in names_before {
            if self.named(name.name()).next().is_none() {
                changes.push(HeaderChange::Remove(name.to_name()));
            }
        }
        for name in names_now {
            let (now, then) = (self.named(name.name()), before.named(name.name()));
            if !now.map(Line::value).eq(then.map(Line::value)) {
                let values = self.named(name.name()).map(Line::to_value).collect();
                changes.push(HeaderChange::Set(name.to_name(), values));
            }
        }
        changes
    }

    /// The changes of the names `names_before` and `names_now`, when they are too many to search the whole list for
    /// each.
    #[cold]
    fn many_changes(&self, before: &Headers, names_before: &[Line<'_>], names_now: &[Line<'_>]) -> Vec<HeaderChange> {
        let (now, then) = (Grouped::new(self.lines()), Grouped::new(before.lines()));
        let removed = names_before.iter().filter(|name| now.lines(name.name()).is_empty());
        let mut changes: Vec<_> = removed.map(|name| HeaderChange::Remove(name.to_name())).collect();
        for name in names_now {
            let (now, then) = (now.lines(name.name()), then.lines(name.name()));
            if !now.iter().map(|line| line.value()).eq(then.iter().map(|line| line.value())) {
                let values = now.iter().map(|line| line.to_value()).collect();
                changes.push(HeaderChange::Set(name.to_name(), values));
            }
        }
        changes
    }
}

/// The lines whose names occur for the first time.
fn distinct<'a>(lines: impl Iterator<Item = Line<'a>>) -> Vec<Line<'a>> {
    let mut names = Distinct::new();
    lines.filter(|line| names.insert(Caseless(line.name()))).collect()
}

impl PartialEq for Headers {
    fn eq(&self, other: &Headers) -> bool {
        self.lines().eq(other.lines())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.lines()).finish()
    }
}

impl fmt::Debug for Line<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name().escape_ascii(), self.value().escape_ascii())
    }
}

/// One difference between two lists of headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderChange {
    /// Remove all lines of this name.
    Remove(ByteString),
    /// Replace all lines of this name by these, at least one.
    Set(ByteString, Vec<Bytes>),
}

/// Bytes as text, with replacement characters for invalid UTF-8.
pub fn text(bytes: Bytes) -> ByteString {
    if bytes.is_ascii() {
        return ByteString::try_from(bytes).unwrap_or_default();
    }
    ByteString::try_from(bytes.clone()).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into())
}

/// A value for a header line. Spaces replace control characters except the tab, because some of them would end the line
/// and Envoy rejects all of them (RFC 9110 section 5.5).
pub fn header_value(value: ByteString) -> Bytes {
    let forbidden = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
    // The compiler vectorizes a loop without an early return.
    if !value.as_bytes().iter().fold(false, |found, byte| found | forbidden(byte)) {
        return value.into_bytes();
    }
    value.as_bytes().iter().map(|byte| if forbidden(byte) { b' ' } else { *byte }).collect()
}

/// Whether a name starts with a prefix. Names are compared without case.
pub(in crate::flow) fn has_prefix(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn is_whole_valued(name: &str) -> bool {
    WHOLE_VALUED.iter().any(|whole| name.eq_ignore_ascii_case(whole))
}

/// The values in the lines of a name: split at commas and trimmed, except for headers whose values contain commas.
pub fn values_of<'a>(name: &str, lines: impl Iterator<Item = Line<'a>>) -> impl Iterator<Item = ByteString> {
    let is_whole = is_whole_valued(name);
    lines.flat_map(move |line| split(text(line.to_value()), is_whole))
}

/// The first of [`values_of`]. A line with one value is not trimmed.
pub fn first_value_of<'a>(name: &str, mut lines: impl Iterator<Item = Line<'a>>) -> Option<ByteString> {
    let line = lines.next()?.to_value();
    let is_whole = is_whole_valued(name) || !line.contains(&b',');
    split(text(line), is_whole).next()
}

/// Lines joined with commas.
pub fn joined<'a>(mut lines: impl Iterator<Item = Line<'a>>) -> Option<ByteString> {
    let first = text(lines.next()?.to_value());
    let mut joined: Option<String> = None;
    for line in lines {
        let joined = joined.get_or_insert_with(|| first.to_string());
        joined.push(',');
        joined.push_str(&text(line.to_value()));
    }
    Some(joined.map_or(first, ByteString::from))
}

/// The lines for the values of a name: one line, or one for each value when a comma is not a separator.
fn to_lines(name: &str, values: &[ByteString]) -> Vec<Bytes> {
    if is_whole_valued(name) {
        return values.iter().map(|value| value.clone().into_bytes()).collect();
    }
    vec![Bytes::from(values.iter().map(|value| &**value).collect::<Vec<_>>().join(", "))]
}

fn own(name: &str, values: &[Bytes]) -> Vec<Stored> {
    let name = Bytes::copy_from_slice(name.as_bytes());
    values.iter().map(|value| Stored::Own(name.clone(), value.clone())).collect()
}

/// The trimmed texts between commas, or the whole line.
fn split(line: ByteString, is_whole: bool) -> impl Iterator<Item = ByteString> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest.take()?;
        if is_whole {
            return Some(line);
        }
        let (value, after) = line.split_once(',').map_or((&*line, None), |(value, after)| (value, Some(after)));
        rest = after.map(|after| line.slice_ref(after));
        Some(line.slice_ref(value.trim()))
    })
}

#[cfg(test)]
mod tests;
