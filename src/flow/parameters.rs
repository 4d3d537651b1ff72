//! Query and form parameters: a text `a=1&b=2` that is read and changed in place, so that what nobody touches
//! stays as the client wrote it.

use crate::flow::numbered;
use bytestring::ByteString;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::BTreeSet;

/// Everything but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a text of parameters came from, which decides what `+` means (semantics section 8.2). `[inferred]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A query string: `+` is a plus.
    Query,
    /// A form body: `+` is a space.
    Form,
}

/// The parameters of a query string or of a form body. Names are case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    text: ByteString,
    kind: Kind,
}

impl Parameters {
    /// The parameters in that text, which has no leading `?`.
    pub fn new(text: ByteString, kind: Kind) -> Parameters {
        Parameters { text, kind }
    }

    /// The text as it would be sent.
    pub fn as_text(&self) -> &ByteString {
        &self.text
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        self.text.split('&').filter(|part| !part.is_empty())
    }

    fn decode(&self, text: &str) -> ByteString {
        if !text.contains(['%', '+']) {
            return self.text.slice_ref(text);
        }
        let spaced = match self.kind {
            Kind::Query => text.to_owned(),
            Kind::Form => text.replace('+', " "),
        };
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned().into()
    }

    fn is_named(&self, part: &str, name: &str) -> bool {
        let raw = part.split_once('=').map_or(part, |(raw, _)| raw);
        raw == name || (raw.contains(['%', '+']) && self.decode(raw) == name)
    }

    /// The decoded values of a name, in order.
    pub fn values(&self, name: &str) -> Vec<ByteString> {
        self.values_of(name).collect()
    }

    fn values_of(&self, name: &str) -> impl Iterator<Item = ByteString> {
        self.parts()
            .filter(move |part| self.is_named(part, name))
            .map(|part| part.split_once('=').map_or_else(ByteString::new, |(_, value)| self.decode(value)))
    }

    /// The first decoded value of a name.
    pub fn first(&self, name: &str) -> Option<ByteString> {
        self.values_of(name).next()
    }

    /// The distinct decoded names, in order.
    pub fn names(&self) -> Vec<ByteString> {
        let mut known: BTreeSet<ByteString> = BTreeSet::new();
        let names = self.parts().map(|part| self.decode(part.split_once('=').map_or(part, |(name, _)| name)));
        names.filter(|name| known.insert(name.clone())).collect()
    }

    /// Replaces every value of a name by one, at the place of the first.
    pub fn set(&mut self, name: &str, value: &str) {
        self.set_values(name, &[value]);
    }

    /// Replaces every value of a name by those, at the place of the first.
    pub fn set_values(&mut self, name: &str, values: &[&str]) {
        let mut fresh = Some(values.iter().map(|value| pair(name, value)).collect::<Vec<_>>());
        let mut parts: Vec<String> = Vec::new();
        for part in self.parts() {
            if self.is_named(part, name) {
                parts.extend(fresh.take().unwrap_or_default());
            } else {
                parts.push(part.to_owned());
            }
        }
        parts.extend(fresh.unwrap_or_default());
        self.text = parts.join("&").into();
    }

    /// Adds a further value, keeping those of the same name.
    pub fn add(&mut self, name: &str, value: &str) {
        let separator = if self.text.is_empty() { "" } else { "&" };
        self.text = format!("{}{separator}{}", self.text, pair(name, value)).into();
    }

    /// Adds parameters as they are written, without a leading `?`.
    pub fn add_text(&mut self, text: &str) {
        let separator = if self.text.is_empty() || text.is_empty() { "" } else { "&" };
        self.text = format!("{}{separator}{text}", self.text).into();
    }

    /// Sets the value with that 1-based number; one past the last appends. Farther numbers do nothing. Returns whether
    /// there was such a place.
    pub fn set_value(&mut self, name: &str, number: usize, value: &str) -> bool {
        let mut values = self.values(name);
        let is_set = numbered::set(&mut values, number, value.into());
        if is_set {
            self.set_values(name, &values.iter().map(|value| &**value).collect::<Vec<_>>());
        }
        is_set
    }

    /// Removes the values that have those 1-based numbers now.
    pub fn remove_values(&mut self, name: &str, numbers: &[usize]) {
        let mut values = self.values(name);
        if numbered::remove(&mut values, numbers) {
            self.set_values(name, &values.iter().map(|value| &**value).collect::<Vec<_>>());
        }
    }

    /// Keeps the parameters whose decoded name the test accepts.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        let kept: Vec<&str> = self
            .parts()
            .filter(|part| keep(&self.decode(part.split_once('=').map_or(*part, |(name, _)| name))))
            .collect();
        self.text = kept.join("&").into();
    }

    /// Removes every value of a name.
    pub fn remove(&mut self, name: &str) {
        self.retain(|other| other != name);
    }

    /// Removes every parameter.
    pub fn clear(&mut self) {
        self.text = ByteString::new();
    }
}

/// A name or a value as a text of parameters holds it.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn pair(name: &str, value: &str) -> String {
    format!("{}={}", utf8_percent_encode(name, ENCODED), utf8_percent_encode(value, ENCODED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &'static str) -> Parameters {
        Parameters::new(ByteString::from_static(text), Kind::Query)
    }

    #[test]
    fn values_are_decoded() {
        let query = query("zip=94%20043&w=1&w=2&flag&%61b=c+d");
        assert_eq!(query.first("zip").unwrap(), "94 043");
        assert_eq!(query.values("w"), ["1", "2"]);
        assert_eq!(query.first("flag").unwrap(), "");
        assert_eq!(query.first("ab").unwrap(), "c+d");
        assert_eq!(query.first("none"), None);
        assert_eq!(query.names(), ["zip", "w", "flag", "ab"]);
    }

    #[test]
    fn a_plus_is_a_space_in_a_form_only() {
        assert_eq!(Parameters::new("a=b+c".into(), Kind::Form).first("a").unwrap(), "b c");
        assert_eq!(Parameters::new("a=b+c".into(), Kind::Query).first("a").unwrap(), "b+c");
    }

    #[test]
    fn untouched_parameters_keep_their_spelling() {
        let mut query = query("a=%7e&b=1&c=+&b=2");
        query.set("b", "x y&=");
        query.add("d", "ä");
        assert_eq!(query.as_text(), "a=%7e&b=x%20y%26%3D&c=+&d=%C3%A4");
        query.remove("a");
        assert_eq!(query.as_text(), "b=x%20y%26%3D&c=+&d=%C3%A4");
    }

    #[test]
    fn numbered_values_build_repeated_parameters() {
        let mut query = query("");
        query.set_value("w", 1, "a");
        query.set_value("w", 2, "b");
        query.set_value("w", 9, "lost");
        assert_eq!(query.as_text(), "w=a&w=b");
        query.remove_values("w", &[1]);
        assert_eq!(query.as_text(), "w=b");
    }
}
