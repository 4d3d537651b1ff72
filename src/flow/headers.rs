//! The headers of a message: an ordered list in which a name may occur several times.

mod grouped;
mod hop_by_hop;
mod line;

pub use hop_by_hop::is_hop_by_hop;
pub use line::{Line, Place};

use crate::flow::distinct::{Caseless, Distinct};
use crate::flow::numbered;
use bytes::Bytes;
use bytestring::ByteString;
use grouped::Grouped;
use line::{Lines, Stored};
use std::fmt;
use std::rc::Rc;

/// Header lines in the order they came. Cloning is cheap: the list is shared until one side changes it.
#[derive(Clone, Default)]
pub struct Headers(Rc<Lines>);

/// Headers whose commas are part of one value, not separators between values (semantics section 8.2). `[inferred]`
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
        values_of(name, self.named(name.as_bytes())).collect()
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
            match names.place(&Caseless(line.name())).and_then(|place| fresh.get_mut(place)) {
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

    /// Adds to every name that both have the values of `from` that are missing here (semantics section 9.4).
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
            values.extend(values_of(&name, lines.iter().copied()).filter(|value| known.place(value).is_none()));
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

/// The values in lines of that name.
fn values_of<'a>(name: &str, lines: impl Iterator<Item = Line<'a>>) -> impl Iterator<Item = ByteString> {
    let is_whole = is_whole_valued(name);
    lines.map(|line| text(line.to_value())).flat_map(move |line| if is_whole { vec![line] } else { split(&line) })
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

    #[test]
    fn lines_of_several_names_are_replaced_at_once() {
        let mut here = headers(&[("a", "1"), ("B", "2"), ("A", "3"), ("c", "4")]);
        here.replace_all(&headers(&[("d", "5"), ("b", "6"), ("C", "7"), ("B", "8")]));
        assert_eq!(here, headers(&[("a", "1"), ("b", "6"), ("b", "8"), ("A", "3"), ("C", "7"), ("d", "5")]));
        here.replace(vec![("a".into(), vec![Bytes::from("9")]), ("c".into(), Vec::new())]);
        assert_eq!(here, headers(&[("a", "9"), ("b", "6"), ("b", "8"), ("d", "5")]));
        here.remove_all(&["B", "none"]);
        assert_eq!(here, headers(&[("a", "9"), ("d", "5")]));
    }

    #[test]
    fn missing_values_are_added() {
        let mut here = headers(&[("a", "1, 2"), ("set-cookie", "x=1"), ("b", "1")]);
        here.add_missing(&headers(&[("A", "2,3"), ("Set-Cookie", "y=2"), ("b", "1"), ("c", "1"), ("a", "3")]));
        let expected = [("A", "1, 2, 3, 3"), ("Set-Cookie", "x=1"), ("Set-Cookie", "y=2"), ("b", "1")];
        assert_eq!(here, headers(&expected));
    }

    /// Headers of many names with that value each.
    fn many(names: std::ops::Range<usize>, value: &'static str) -> Headers {
        Headers::new(names.map(|number| (Bytes::from(format!("x-{number}")), Bytes::from(value))).collect())
    }

    #[test]
    fn many_names_take_one_pass() {
        let before = many(0..14_000, "1");
        let mut after = before.clone();
        after.replace_all(&many(7_000..21_000, "2"));
        let (old, new) = (many(0..7_000, "1"), many(7_000..21_000, "2"));
        assert!(after.lines().eq(old.lines().chain(new.lines())));
        assert_eq!(after.names().len(), 21_000);
        let set = |line: Line<'_>| HeaderChange::Set(line.to_name(), vec![line.to_value()]);
        let remove = |line: Line<'_>| HeaderChange::Remove(line.to_name());
        assert_eq!(after.changes_since(&before), new.lines().map(set).collect::<Vec<_>>());
        assert_eq!(new.changes_since(&before), old.lines().map(remove).chain(new.lines().map(set)).collect::<Vec<_>>());
        after.add_missing(&many(0..14_000, "3"));
        assert_eq!(after.first_line("x-9").unwrap(), "1, 3");
        assert_eq!(after.first_line("x-9999").unwrap(), "2, 3");
    }

    #[test]
    fn many_values_are_compared_in_one_pass() {
        let values = |numbers: std::ops::Range<usize>| numbers.map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
        let mut here = Headers::new(vec![(Bytes::from("a"), Bytes::from(values(0..14_000)))]);
        here.add_missing(&Headers::new(vec![(Bytes::from("a"), Bytes::from(values(7_000..21_000)))]));
        assert_eq!(here.first_line("a").unwrap(), values(0..21_000));
    }
}
