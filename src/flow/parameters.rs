//! Query and form parameters: a text `a=1&b=2` that is read and changed in place, so that unchanged parameters keep the
//! client's spelling.

use crate::flow::distinct::Distinct;
use crate::flow::indexed;
use bytestring::ByteString;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All characters except the unreserved ones of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The source of a text of parameters. It decides the meaning of `+` (docs/apigee-semantics.md 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A query string: `+` is a plus.
    Query,
    /// A form body, or the query string of a request with a charset: `+` is a space.
    Form,
}

/// The parameters of a query string or of a form body. Names are case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    text: ByteString,
    kind: Kind,
}

impl Parameters {
    /// The parameters of a text without a leading `?`.
    pub fn new(text: ByteString, kind: Kind) -> Parameters {
        Parameters { text, kind }
    }

    /// Changes the meaning of `+`.
    pub fn set_kind(&mut self, kind: Kind) {
        self.kind = kind;
    }

    /// Replaces all parameters by a text without a leading `?`.
    pub fn set_text(&mut self, text: ByteString) {
        self.text = text;
    }

    /// Whether `+` has the same meaning in other parameters.
    pub fn has_kind_of(&self, other: &Parameters) -> bool {
        self.kind == other.kind
    }

    /// The text in sending form.
    pub fn as_text(&self) -> &ByteString {
        &self.text
    }

    /// Whether there are no parameters.
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

    /// An iterator over the decoded values of a name, in order.
    pub fn values_of(&self, name: &str) -> impl Iterator<Item = ByteString> {
        self.parts().filter(move |part| self.is_named(part, name)).map(|part| self.value_of(part))
    }

    fn name_of(&self, part: &str) -> ByteString {
        self.decode(part.split_once('=').map_or(part, |(name, _)| name))
    }

    fn value_of(&self, part: &str) -> ByteString {
        part.split_once('=').map_or_else(ByteString::new, |(_, value)| self.decode(value))
    }

    /// The first decoded value of a name.
    pub fn first(&self, name: &str) -> Option<ByteString> {
        self.values_of(name).next()
    }

    /// The distinct decoded names, in order.
    pub fn names(&self) -> Vec<ByteString> {
        let mut names = Distinct::new();
        for part in self.parts() {
            names.insert(self.name_of(part));
        }
        names.into_keys()
    }

    /// The decoded names and values, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (ByteString, ByteString)> {
        self.parts().map(|part| (self.name_of(part), self.value_of(part)))
    }

    /// Replaces all values of a name by one, at the position of the first.
    pub fn set(&mut self, name: &str, value: &str) {
        self.set_values(name, &[value]);
    }

    /// Replaces all values of a name by others, at the position of the first.
    pub fn set_values(&mut self, name: &str, values: &[&str]) {
        let mut text = String::with_capacity(self.text.len());
        let mut is_written = false;
        let mut write = |text: &mut String| {
            if !std::mem::replace(&mut is_written, true) {
                values.iter().for_each(|value| push_pair(text, name, value));
            }
        };
        for part in self.parts() {
            if self.is_named(part, name) {
                write(&mut text);
            } else {
                push_part(&mut text, part);
            }
        }
        write(&mut text);
        self.text = text.into();
    }

    /// Replaces the values of the names in `from` by its values, each name at the position of its first value. New
    /// names follow in the order of `from`.
    pub fn set_all(&mut self, from: &Parameters) {
        let mut names = Distinct::new();
        let mut pairs: Vec<String> = Vec::new();
        for (name, value) in from.pairs() {
            let index = names.add(name.clone());
            if index == pairs.len() {
                pairs.push(String::new());
            }
            if let Some(pairs) = pairs.get_mut(index) {
                push_pair(pairs, &name, &value);
            }
        }
        if pairs.is_empty() {
            return;
        }
        let mut text = String::with_capacity(self.text.len().saturating_add(from.text.len()));
        for part in self.parts() {
            match names.index(&self.name_of(part)).and_then(|index| pairs.get_mut(index)) {
                Some(pairs) => push_part(&mut text, &std::mem::take(pairs)),
                None => push_part(&mut text, part),
            }
        }
        pairs.iter().for_each(|pairs| push_part(&mut text, pairs));
        self.text = text.into();
    }

    /// Adds a value to those of the same name.
    pub fn add(&mut self, name: &str, value: &str) {
        let mut text = String::from(&*self.text);
        push_pair(&mut text, name, value);
        self.text = text.into();
    }

    /// Adds encoded parameters without a leading `?`.
    pub fn add_text(&mut self, text: &str) {
        let separator = if self.text.is_empty() || text.is_empty() { "" } else { "&" };
        self.text = format!("{}{separator}{text}", self.text).into();
    }

    /// Sets the value with a 1-based number, or appends it when the number is one past the last. Larger numbers do
    /// nothing. Returns whether it was set.
    pub fn set_value(&mut self, name: &str, number: usize, value: &str) -> bool {
        let mut values = self.values(name);
        let is_set = indexed::set(&mut values, number, value.into());
        if is_set {
            self.set_values(name, &values.iter().map(|value| &**value).collect::<Vec<_>>());
        }
        is_set
    }

    /// Removes the values with some 1-based numbers. The numbers are those before the removal.
    pub fn remove_values(&mut self, name: &str, numbers: &[usize]) {
        let mut values = self.values(name);
        if indexed::remove(&mut values, numbers) {
            self.set_values(name, &values.iter().map(|value| &**value).collect::<Vec<_>>());
        }
    }

    /// Keeps the parameters whose decoded names satisfy a predicate.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        let kept: Vec<&str> = self.parts().filter(|part| keep(&self.name_of(part))).collect();
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

/// Adds an encoded parameter, unless it is empty.
fn push_part(text: &mut String, part: &str) {
    if !text.is_empty() && !part.is_empty() {
        text.push('&');
    }
    text.push_str(part);
}

fn push_pair(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push('&');
    }
    text.extend(utf8_percent_encode(name, ENCODED));
    text.push('=');
    text.extend(utf8_percent_encode(value, ENCODED));
}

/// A name or a value in encoded form.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
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

    #[test]
    fn values_of_many_names_are_set_at_once() {
        let cases = [
            ("", "a=1&b=2&a=3", "a=1&a=3&b=2"),
            ("b=0&c=9&a=7&b=8", "a=1&b=2&a=3", "b=2&c=9&a=1&a=3"),
            ("x=+%7e", "&&", "x=+%7e"),
            ("x&&y=1", "y=2", "x&y=2"),
            ("%61=1", "a", "a="),
            ("a%2520b=1&a%20b=2", "a b=3", "a%2520b=1&a%20b=3"),
            ("=1&a=2&=3", "=%26", "=%26&a=2"),
        ];
        for (to, from, expected) in cases {
            let mut parameters = query(to);
            parameters.set_all(&query(from));
            assert_eq!(parameters.as_text(), expected, "{to:?} from {from:?}");
        }
    }

    #[test]
    fn a_plus_of_a_form_becomes_a_space_of_a_query() {
        let mut parameters = query("a+b=1&a%20b=2");
        parameters.set_all(&Parameters::new("a+b=c+d".into(), Kind::Form));
        assert_eq!(parameters.as_text(), "a+b=1&a%20b=c%20d");
    }

    #[test]
    fn many_names_are_set_at_once() {
        let text = |value: &str| (0..14_000).map(|number| format!("n{number}={value}")).collect::<Vec<_>>();
        let mut parameters =
            Parameters::new(text("1").into_iter().rev().collect::<Vec<_>>().join("&").into(), Kind::Query);
        let mut from = text("2");
        from.push("last=3".to_owned());
        parameters.set_all(&Parameters::new(from.join("&").into(), Kind::Query));
        let mut expected: Vec<String> = text("2").into_iter().rev().collect();
        expected.push("last=3".to_owned());
        assert_eq!(parameters.as_text(), &expected.join("&"));
        assert_eq!(parameters.names().len(), 14_001);
    }
}
