//! The values of `private.` variables, for masking the published URLs of callouts.
//!
//! Apigee hides these variables in its traces, and filter state appears in access logs. A value reaches a URL in many
//! ways: the URL's template, a query parameter, a path, a copy under another name, a message of an earlier policy. Each
//! way starts with a read of the variable. Reads therefore note the values, and publishing a URL masks them in its
//! text. The variables keep their values.
//!
//! The result of a function of a private variable is noted too, and so are the path and the query of a private message.
//! Two ways are not covered: a function of a copy, and text that ExtractVariables extracts from a private message into
//! a public variable.

use crate::flow::parameters;
use crate::flow::url;
use bytestring::ByteString;

/// The replacement of a value.
const MASK: &str = "*****";

/// The values that were read under `private.` names.
#[derive(Clone, Debug, Default)]
pub(super) struct PrivateValues(Vec<ByteString>);

impl PrivateValues {
    /// Notes a value and its parts. A URL can contain the parts of a value such as `host/path?key=1` separately,
    /// because the message's path and query follow each of them. The fragment is not sent.
    pub(super) fn note(&mut self, value: &ByteString) {
        // URLs are trimmed.
        let whole = value.trim();
        let sent = whole.split('#').next().unwrap_or_default();
        let (before_query, query) = sent.split_once('?').unwrap_or((sent, ""));
        let after_scheme = before_query.split_once("://").map_or(before_query, |(_, rest)| rest);
        let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or_default();
        for part in [whole, before_query, path, query] {
            // Every URL contains a slash.
            if !part.is_empty() && part != "/" && !self.0.iter().any(|known| known == part) {
                self.0.push(value.slice_ref(part));
            }
        }
    }

    /// The text of a URL with every noted value masked, in plain and in encoded form.
    pub(super) fn mask(&self, text: ByteString) -> ByteString {
        if self.0.is_empty() {
            return text;
        }
        // Values can overlap and can be a part of the mask, so all are marked before any is replaced.
        let mut marked = vec![false; text.len()];
        // A value is never longer than its encoded form.
        for value in self.0.iter().filter(|value| value.len() <= text.len()) {
            mark(&text, value, &mut marked);
            mark(&text, &url::legal(value.to_string()), &mut marked);
            mark(&text, &parameters::encoded(value), &mut marked);
        }
        if !marked.contains(&true) {
            return text;
        }
        let mut masked = String::with_capacity(text.len());
        let mut was_marked = false;
        for (character, is_marked) in text.char_indices().map(|(at, c)| (c, marked.get(at) == Some(&true))) {
            match is_marked {
                false => masked.push(character),
                true if !was_marked => masked.push_str(MASK),
                true => {}
            }
            was_marked = is_marked;
        }
        masked.into()
    }
}

fn mark(text: &str, value: &str, marked: &mut [bool]) {
    for (at, found) in text.match_indices(value) {
        let range = at..at.saturating_add(found.len());
        marked.get_mut(range).into_iter().flatten().for_each(|is_marked| *is_marked = true);
    }
}

/// Whether the variable with this name contains the URL of a callout, or its end.
pub(super) fn is_url(name: &str) -> bool {
    let name = name.strip_prefix("servicecallout.").unwrap_or_default();
    name == "requesturi" || name.ends_with(".target.url")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_encoded_values_are_masked() {
        let cases: [(&[&str], &str, &str); 14] = [
            (&["k3y"], "/x?key=k3y&y=1", "/x?key=*****&y=1"),
            (&["k3y"], "/k3y/k3yk3y", "/*****/*****"),
            (&["a b&\"c"], "/x?key=a%20b%26%22c", "/x?key=*****"),
            (&["a b&\"c"], "/a%20b&%22c", "/*****"),
            (&["a b&\"c"], "http://a/a b&\"c", "http://a/*****"),
            (&["ü"], "http://a/ü/%C3%BC", "http://a/*****/*****"),
            (&[" k3y\n"], "/k3y", "/*****"),
            (&["abc", "bcd"], "/abcd/bc", "/*****/bc"),
            (&["*", "**", "x"], "/x*x/***", "/*****/*****"),
            (&["", " ", "/"], "http://a/ /x", "http://a/ /x"),
            (&["other"], "/x", "/x"),
            (&["https://h.test/in/k3y?t=1#f"], "/in/k3y/m?t=1&m=2", "*****/m?*****&m=2"),
            (&["h.test/in/k3y"], "/in/k3y", "*****"),
            (&["p?t=1"], "/p?a=b&t=1", "/*****?a=b&*****"),
        ];
        for (values, text, masked) in cases {
            let mut private = PrivateValues::default();
            values.iter().for_each(|value| private.note(&ByteString::from(*value)));
            assert_eq!(private.mask(text.into()), masked, "{values:?} {text}");
        }
    }

    #[test]
    fn names_of_callout_url_variables() {
        for name in ["servicecallout.requesturi", "servicecallout.SC.target.url", "servicecallout.a.b.target.url"] {
            assert!(is_url(name), "{name}");
        }
        for name in ["requesturi", "target.url", "servicecallout.SC.failed", "SC.target.url"] {
            assert!(!is_url(name), "{name}");
        }
    }
}
