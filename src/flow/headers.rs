//! The headers of a message: an ordered list in which a name may occur several times.

pub(super) mod grouped;
mod hop_by_hop;
mod line;

pub use hop_by_hop::is_hop_by_hop;
pub use line::{HeaderSpan, Line};

use crate::flow::distinct::{Caseless, Distinct};
use crate::flow::indexed;
use bytes::Bytes;
use bytestring::ByteString;
use grouped::Grouped;
use line::{Lines, Stored};
use std::fmt;
use std::rc::Rc;

/// Header lines in the order they came. Cloning is cheap: the list is shared until one side changes it.
#[derive(Clone, Default)]
pub struct Headers(Rc<Lines>);

/// Headers whose commas are part of one value, not separators between values (docs/apigee-semantics.md 8.2).
/// `[inferred]`
const WHOLE_VALUED: [&str; 7] =
    ["set-cookie", "date", "expires", "last-modified", "if-modified-since", "if-unmodified-since", "retry-after"];

/// Up to so many changed names are looked for in the whole list, which is faster than collecting the lines of each.
const FEW: usize = 16;

impl Headers {
    /// Headers of those lines.
    pub fn new(lines: Vec<(Bytes, Bytes)>) -> Headers {
        let list = lines.into_iter().map(|(name, value)| Stored::Own(name, value)).collect();
        Headers(Rc::new(Lines { block: Bytes::new(), list }))
    }

    /// Headers whose lines are places in a block.
    pub fn in_block(block: Bytes, places: Vec<HeaderSpan>) -> Headers {
        Headers(Rc::new(Lines { block, list: places.into_iter().map(Stored::Came).collect() }))
    }

    /// Every line, in order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.0.iter()
    }

    /// The size of all names and values in bytes.
    pub fn size(&self) -> usize {
        self.lines().fold(0, |sum, line| sum.saturating_add(line.name().len()).saturating_add(line.value().len()))
    }

    /// The whole first line of that name. Names are compared without case.
    pub fn first_line(&self, name: &str) -> Option<Bytes> {
        self.lines().find(|line| line.is_of(name.as_bytes())).map(Line::to_value)
    }

    /// Whether there is a line of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.position(name).is_some()
    }

    /// The whole lines of that name.
    pub fn lines_of(&self, name: &str) -> impl Iterator<Item = Bytes> {
        self.named(name.as_bytes()).map(Line::to_value)
    }

    /// The lines of that name.
    pub fn named(&self, name: &[u8]) -> impl Iterator<Item = Line<'_>> {
        self.lines().filter(move |line| line.is_of(name))
    }

    /// Those of other lines whose names do not occur here.
    pub fn missing<'l>(&self, mut lines: Vec<Line<'l>>) -> Vec<Line<'l>> {
        if lines.len() <= FEW {
            lines.retain(|line| self.named(line.name()).next().is_none());
        } else {
            let here = Grouped::new(self.lines());
            lines.retain(|line| here.lines(line.name()).is_empty());
        }
        lines
    }

    /// The values of a name: its lines split at commas and trimmed, but for headers that hold commas themselves.
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

    /// The distinct names in the order of their first line, as written there.
    pub fn names(&self) -> Vec<ByteString> {
        distinct(self.lines()).into_iter().map(Line::to_name).collect()
    }

    /// Replaces every line of the name by one, at the place of the first.
    pub fn set(&mut self, name: &str, value: Bytes) {
        let lines = Rc::make_mut(&mut self.0);
        let line = Stored::Own(Bytes::copy_from_slice(name.as_bytes()), value);
        let Some(place) = lines.position(name) else { return lines.list.push(line) };
        if lines.iter().skip(place).filter(|line| line.is_of(name.as_bytes())).count() > 1 {
            lines.retain(|line| !line.is_of(name.as_bytes()));
            lines.list.insert(place, line);
        } else if let Some(first) = lines.list.get_mut(place) {
            *first = line;
        }
    }

    /// Replaces every line of the name by those, at the place of the first.
    pub fn set_lines(&mut self, name: &str, values: Vec<Bytes>) {
        let lines = Rc::make_mut(&mut self.0);
        let place = lines.position(name).unwrap_or(lines.list.len());
        lines.retain(|line| !line.is_of(name.as_bytes()));
        lines.list.splice(place..place, own(name, &values));
    }

    /// Replaces every line of several names by others, at the place of the first of each name; names that are new come
    /// last. No name occurs twice in `changes`, whatever its case.
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

    /// Replaces every line of the names that `from` has by its lines.
    pub fn replace_all(&mut self, from: &Headers) {
        let grouped = Grouped::new(from.lines());
        let values = |lines: &[Line<'_>]| lines.iter().map(|line| line.to_value()).collect();
        self.replace(grouped.iter().map(|(first, lines)| (first.to_name(), values(lines))).collect());
    }

    /// Adds to every name that both have the values of `from` that are missing here (docs/apigee-semantics.md 9.4).
    pub fn add_missing(&mut self, from: &Headers) {
        let here = Grouped::new(self.lines());
        let mut changes = Vec::new();
        for (first, lines) in Grouped::new(from.lines()).iter() {
            let name = first.to_name();
            let mut values: Vec<ByteString> = values_of(&name, here.lines(first.name()).iter().copied()).collect();
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

    /// Puts a line before all others.
    pub fn put_first(&mut self, name: &'static str, value: Bytes) {
        let line = Stored::Own(Bytes::from_static(name.as_bytes()), value);
        Rc::make_mut(&mut self.0).list.insert(0, line);
    }

    /// Adds a line, keeping those of the same name.
    pub fn add(&mut self, name: &str, value: Bytes) {
        let line = Stored::Own(Bytes::copy_from_slice(name.as_bytes()), value);
        Rc::make_mut(&mut self.0).list.push(line);
    }

    /// Sets the value with that 1-based number; one past the last appends. Farther numbers do nothing. Returns whether
    /// there was such a place.
    pub fn set_value(&mut self, name: &str, number: usize, value: Bytes) -> bool {
        let mut values = self.values(name);
        let is_set = indexed::set(&mut values, number, text(value));
        if is_set {
            self.set_lines(name, values.into_iter().map(ByteString::into_bytes).collect());
        }
        is_set
    }

    /// Removes the values that have those 1-based numbers now.
    pub fn remove_values(&mut self, name: &str, numbers: &[usize]) {
        let mut values = self.values(name);
        if indexed::remove(&mut values, numbers) {
            self.set_lines(name, values.into_iter().map(ByteString::into_bytes).collect());
        }
    }

    /// Removes every line of the name.
    pub fn remove(&mut self, name: &str) {
        if self.contains(name) {
            Rc::make_mut(&mut self.0).retain(|line| !line.is_of(name.as_bytes()));
        }
    }

    /// Removes every line of those names.
    pub fn remove_all(&mut self, names: &[&str]) {
        let is_named = |line: Line<'_>| names.iter().any(|name| line.is_of(name.as_bytes()));
        if self.lines().any(is_named) {
            Rc::make_mut(&mut self.0).retain(|line| !is_named(line));
        }
    }

    /// Keeps the lines whose name the test accepts.
    pub fn retain(&mut self, keep: impl Fn(&[u8]) -> bool) {
        Rc::make_mut(&mut self.0).retain(|line| keep(line.name()));
    }

    /// Removes every line.
    pub fn clear(&mut self) {
        self.0 = Rc::default();
    }

    /// What must change to make `before` these headers.
    pub fn changes_since(&self, before: &Headers) -> Vec<HeaderChange> {
        if Rc::ptr_eq(&self.0, &before.0) {
            return Vec::new();
        }
        // A name outside the stretch in which the two differ has the same lines in both.
        let same = self.lines().zip(before.lines()).take_while(|(now, then)| now == then).count();
        let (gone, here) = (distinct(before.lines().skip(same)), distinct(self.lines().skip(same)));
        if gone.len().max(here.len()) > FEW {
            return self.many_changes(before, &gone, &here);
        }
        let mut changes = Vec::new();
        for name in gone {
            if self.named(name.name()).next().is_none() {
                changes.push(HeaderChange::Remove(name.to_name()));
            }
        }
        for name in here {
            let (now, then) = (self.named(name.name()), before.named(name.name()));
            if !now.map(Line::value).eq(then.map(Line::value)) {
                let values = self.named(name.name()).map(Line::to_value).collect();
                changes.push(HeaderChange::Set(name.to_name(), values));
            }
        }
        changes
    }

    /// The changes of the names `gone` and `here`, which are too many to look for each from the beginning.
    #[cold]
    fn many_changes(&self, before: &Headers, gone: &[Line<'_>], here: &[Line<'_>]) -> Vec<HeaderChange> {
        let (now, then) = (Grouped::new(self.lines()), Grouped::new(before.lines()));
        let removed = gone.iter().filter(|name| now.lines(name.name()).is_empty());
        let mut changes: Vec<_> = removed.map(|name| HeaderChange::Remove(name.to_name())).collect();
        for name in here {
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
    /// No line of this name any more.
    Remove(ByteString),
    /// Exactly these lines of this name, at least one.
    Set(ByteString, Vec<Bytes>),
}

/// Bytes as text; bytes that are no UTF-8 become replacement characters.
pub fn text(bytes: Bytes) -> ByteString {
    if bytes.is_ascii() {
        return ByteString::try_from(bytes).unwrap_or_default();
    }
    ByteString::try_from(bytes.clone()).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into())
}

/// A value that is fit to be sent in a header line: control characters but for the tab, of which some would end the
/// line and all of which Envoy refuses, become spaces (RFC 9110 section 5.5).
pub fn header_value(value: ByteString) -> Bytes {
    let forbidden = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
    if !value.as_bytes().iter().any(forbidden) {
        return value.into_bytes();
    }
    value.as_bytes().iter().map(|byte| if forbidden(byte) { b' ' } else { *byte }).collect()
}

fn is_whole_valued(name: &str) -> bool {
    WHOLE_VALUED.iter().any(|whole| name.eq_ignore_ascii_case(whole))
}

/// The values in lines of that name: split at commas and trimmed, but for headers that hold commas themselves.
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

/// The lines of a name that has those values: one, or one for each where a comma separates none.
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
