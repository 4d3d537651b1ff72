//! The headers of a message: an ordered list in which a name may occur several times.

use crate::flow::numbered;
use bytes::Bytes;
use bytestring::ByteString;
use std::rc::Rc;

/// Header lines in the order they came. Cloning is cheap: the list is shared until one side changes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Rc<Vec<(Bytes, Bytes)>>);

/// Headers whose commas are part of one value, not separators between values (semantics section 8.2). `[inferred]`
const WHOLE_VALUED: [&str; 7] =
    ["set-cookie", "date", "expires", "last-modified", "if-modified-since", "if-unmodified-since", "retry-after"];

impl Headers {
    /// Headers of those lines.
    pub fn new(lines: Vec<(Bytes, Bytes)>) -> Headers {
        Headers(Rc::new(lines))
    }

    /// Every line, in order.
    pub fn lines(&self) -> impl Iterator<Item = (&Bytes, &Bytes)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The whole first line of that name. Names are compared without case.
    pub fn first_line(&self, name: &str) -> Option<&Bytes> {
        self.lines_of(name).next()
    }

    /// The whole lines of that name.
    pub fn lines_of<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Bytes> {
        self.0.iter().filter(move |(line, _)| line.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
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
        let mut names: Vec<&Bytes> = Vec::new();
        for (name, _) in self.0.iter() {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
        names.into_iter().map(text).collect()
    }

    /// Replaces every line of the name by one.
    pub fn set(&mut self, name: &str, value: Bytes) {
        self.set_lines(name, vec![value]);
    }

    /// Replaces every line of the name by those, at the place of the first.
    pub fn set_lines(&mut self, name: &str, values: Vec<Bytes>) {
        let lines = Rc::make_mut(&mut self.0);
        let place =
            lines.iter().position(|(line, _)| line.eq_ignore_ascii_case(name.as_bytes())).unwrap_or(lines.len());
        lines.retain(|(line, _)| !line.eq_ignore_ascii_case(name.as_bytes()));
        let place = place.min(lines.len());
        let name = Bytes::copy_from_slice(name.as_bytes());
        lines.splice(place..place, values.into_iter().map(|value| (name.clone(), value)));
    }

    /// Adds a line, keeping those of the same name.
    pub fn add(&mut self, name: &str, value: Bytes) {
        Rc::make_mut(&mut self.0).push((Bytes::copy_from_slice(name.as_bytes()), value));
    }

    /// Sets the value with that 1-based number; one past the last appends. Farther numbers do nothing.
    pub fn set_value(&mut self, name: &str, number: usize, value: Bytes) {
        let mut values = self.values(name);
        if numbered::set(&mut values, number, text(&value)) {
            self.set_lines(name, values.into_iter().map(ByteString::into_bytes).collect());
        }
    }

    /// Removes the value with that 1-based number, if there is one.
    pub fn remove_value(&mut self, name: &str, number: usize) {
        let mut values = self.values(name);
        if numbered::remove(&mut values, number) {
            self.set_lines(name, values.into_iter().map(ByteString::into_bytes).collect());
        }
    }

    /// Removes every line of the name.
    pub fn remove(&mut self, name: &str) {
        if self.first_line(name).is_some() {
            Rc::make_mut(&mut self.0).retain(|(line, _)| !line.eq_ignore_ascii_case(name.as_bytes()));
        }
    }

    /// Keeps the lines whose name the test accepts.
    pub fn retain(&mut self, keep: impl Fn(&[u8]) -> bool) {
        Rc::make_mut(&mut self.0).retain(|(name, _)| keep(name));
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
        let gone = before.names().into_iter().filter(|name| self.first_line(name).is_none());
        let mut changes: Vec<HeaderChange> = gone.map(HeaderChange::Remove).collect();
        for name in self.names() {
            if !self.lines_of(&name).eq(before.lines_of(&name)) {
                let values = self.lines_of(&name).cloned().collect();
                changes.push(HeaderChange::Set(name, values));
            }
        }
        changes
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
pub fn text(bytes: &Bytes) -> ByteString {
    ByteString::try_from(bytes.clone()).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into())
}

/// A value that is fit to be sent in a header line: CR, LF and NUL, which would end the line, become spaces
/// (RFC 9110 section 5.5).
pub fn header_value(value: ByteString) -> Bytes {
    let forbidden = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0);
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
        headers.remove_value("x", 1);
        assert_eq!(headers.values("x"), ["c", "d"]);
        headers.remove_value("x", 7);
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
                HeaderChange::Set("a".into(), vec![Bytes::from("1"), Bytes::from("again")]),
                HeaderChange::Set("b".into(), vec![Bytes::from("two")]),
            ]
        );
    }

    #[test]
    fn a_value_never_holds_a_line_break() {
        assert_eq!(header_value("a\r\nx-injected: 1\0".into()), Bytes::from("a  x-injected: 1 "));
        assert_eq!(header_value("plain".into()), Bytes::from("plain"));
    }

    #[test]
    fn bytes_that_are_not_utf8_do_not_stop_a_reader() {
        let headers = Headers::new(vec![(Bytes::from("x"), Bytes::from_static(b"a\xff"))]);
        assert_eq!(headers.first_value("x").unwrap(), "a\u{fffd}");
    }
}
