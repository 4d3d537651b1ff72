//! The headers of a message: an ordered list in which a name may occur several times.

mod hop_by_hop;
mod line;

pub use hop_by_hop::is_hop_by_hop;
pub use line::{Line, Place};

use crate::flow::distinct::{Caseless, Distinct};
use crate::flow::numbered;
use bytes::Bytes;
use bytestring::ByteString;
use line::{Lines, Stored};
use std::fmt;
use std::rc::Rc;

/// Header lines in the order they came. Cloning is cheap: the list is shared until one side changes it.
#[derive(Clone, Default)]
pub struct Headers(Rc<Lines>);

/// Headers whose commas are part of one value, not separators between values (semantics section 8.2). `[inferred]`
const WHOLE_VALUED: [&str; 7] =
    ["set-cookie", "date", "expires", "last-modified", "if-modified-since", "if-unmodified-since", "retry-after"];

impl Headers {
    /// Headers of those lines.
    pub fn new(lines: Vec<(Bytes, Bytes)>) -> Headers {
        let list = lines.into_iter().map(|(name, value)| Stored::Own(name, value)).collect();
        Headers(Rc::new(Lines { block: Bytes::new(), list }))
    }

    /// Headers whose lines are places in a block.
    pub fn in_block(block: Bytes, places: Vec<Place>) -> Headers {
        Headers(Rc::new(Lines { block, list: places.into_iter().map(Stored::Came).collect() }))
    }

    /// Every line, in order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.0.iter()
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

    fn named(&self, name: &[u8]) -> impl Iterator<Item = Line<'_>> {
        self.lines().filter(move |line| line.is_of(name))
    }

    /// The values of a name: its lines split at commas and trimmed, but for headers that hold commas themselves.
    pub fn values(&self, name: &str) -> Vec<ByteString> {
        if is_whole_valued(name) {
            return self.lines_of(name).map(text).collect();
        }
        self.lines_of(name).flat_map(|line| split(&text(line))).collect()
    }

    /// The first of [`Headers::values`].
    pub fn first_value(&self, name: &str) -> Option<ByteString> {
        let line = self.first_line(name)?;
        if is_whole_valued(name) || !line.contains(&b',') {
            return Some(text(line));
        }
        split(&text(line)).into_iter().next()
    }

    /// The lines of a name joined with commas.
    pub fn joined(&self, name: &str) -> Option<ByteString> {
        let mut lines = self.lines_of(name);
        let first = text(lines.next()?);
        let mut joined: Option<String> = None;
        for line in lines {
            let joined = joined.get_or_insert_with(|| first.to_string());
            joined.push(',');
            joined.push_str(&text(line));
        }
        Some(joined.map_or(first, ByteString::from))
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
        let name = Bytes::copy_from_slice(name.as_bytes());
        lines.list.splice(place..place, values.into_iter().map(|value| Stored::Own(name.clone(), value)));
    }

    /// Replaces every line of the name by one with those values, or by one for each where a comma separates none.
    pub fn set_values(&mut self, name: &str, values: &[ByteString]) {
        if is_whole_valued(name) {
            return self.set_lines(name, values.iter().map(|value| value.clone().into_bytes()).collect());
        }
        let joined = values.iter().map(|value| &**value).collect::<Vec<_>>().join(", ");
        self.set(name, Bytes::from(joined));
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
        let is_set = numbered::set(&mut values, number, text(value));
        if is_set {
            self.set_lines(name, values.into_iter().map(ByteString::into_bytes).collect());
        }
        is_set
    }

    /// Removes the values that have those 1-based numbers now.
    pub fn remove_values(&mut self, name: &str, numbers: &[usize]) {
        let mut values = self.values(name);
        if numbered::remove(&mut values, numbers) {
            self.set_lines(name, values.into_iter().map(ByteString::into_bytes).collect());
        }
    }

    /// Removes every line of the name.
    pub fn remove(&mut self, name: &str) {
        if self.contains(name) {
            Rc::make_mut(&mut self.0).retain(|line| !line.is_of(name.as_bytes()));
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
        let mut changes = Vec::new();
        for name in distinct(before.lines().skip(same)).into_iter().map(Line::to_name) {
            if !self.contains(&name) {
                changes.push(HeaderChange::Remove(name));
            }
        }
        for name in distinct(self.lines().skip(same)) {
            let (now, then) = (self.named(name.name()), before.named(name.name()));
            if !now.map(Line::value).eq(then.map(Line::value)) {
                let values = self.named(name.name()).map(Line::to_value).collect();
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

/// A value that is fit to be sent in a header line: control characters but for the tab, of which some would end the line
/// and all of which Envoy refuses, become spaces (RFC 9110 section 5.5).
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

fn split(line: &ByteString) -> Vec<ByteString> {
    line.split(',').map(|part| line.slice_ref(part.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> Headers {
        Headers::new(lines.iter().map(|(name, value)| (Bytes::from(*name), Bytes::from(*value))).collect())
    }

    #[test]
    fn values_are_split_at_commas_across_lines() {
        let headers = headers(&[("Cache-Control", "public, maxage=16544"), ("cache-control", "x")]);
        assert_eq!(headers.first_value("cache-CONTROL").unwrap(), "public");
        assert_eq!(headers.values("cache-control"), ["public", "maxage=16544", "x"]);
        assert_eq!(headers.joined("cache-control").unwrap(), "public, maxage=16544,x");
        assert_eq!(headers.names(), ["Cache-Control"]);
    }

    #[test]
    fn cookies_and_dates_are_not_split() {
        let headers = headers(&[
            ("set-cookie", "a=1; expires=Wed, 21 Aug 2013 19:16:47 GMT"),
            ("set-cookie", "b=2"),
            ("date", "Wed, 21 Aug 2013 19:16:47 GMT"),
        ]);
        assert_eq!(headers.values("Set-Cookie").len(), 2);
        assert_eq!(headers.first_value("Date").unwrap(), "Wed, 21 Aug 2013 19:16:47 GMT");
    }

    #[test]
    fn numbered_values_are_written_and_removed() {
        let mut headers = headers(&[("x", "a,b"), ("y", "1")]);
        headers.set_value("X", 2, Bytes::from("c"));
        headers.set_value("x", 3, Bytes::from("d"));
        headers.set_value("x", 9, Bytes::from("lost"));
        assert_eq!(headers.values("x"), ["a", "c", "d"]);
        headers.remove_values("x", &[1]);
        assert_eq!(headers.values("x"), ["c", "d"]);
        headers.remove_values("x", &[7]);
        assert_eq!(headers.values("x"), ["c", "d"]);
    }

    #[test]
    fn changes_name_only_what_differs() {
        let before = headers(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let mut after = before.clone();
        assert_eq!(after.changes_since(&before), []);
        after.set("b", Bytes::from("two"));
        after.add("a", Bytes::from("again"));
        after.remove("c");
        assert_eq!(
            after.changes_since(&before),
            [
                HeaderChange::Remove("c".into()),
                HeaderChange::Set("b".into(), vec![Bytes::from("two")]),
                HeaderChange::Set("a".into(), vec![Bytes::from("1"), Bytes::from("again")]),
            ]
        );
    }

    #[test]
    fn a_value_never_holds_a_line_break() {
        assert_eq!(header_value("a\r\nx-injected: 1\0".into()), Bytes::from("a  x-injected: 1 "));
        assert_eq!(header_value("a\u{1}b\tc\u{7f}é".into()), Bytes::from("a b\tc é"));
        assert_eq!(header_value("plain".into()), Bytes::from("plain"));
    }

    #[test]
    fn bytes_that_are_not_utf8_do_not_stop_a_reader() {
        let headers = Headers::new(vec![(Bytes::from("x"), Bytes::from_static(b"a\xff"))]);
        assert_eq!(headers.first_value("x").unwrap(), "a\u{fffd}");
    }
}
