//! What `private.` variables held, so that the URLs that a callout publishes can be masked.
//!
//! Apigee hides these variables in its traces, and filter state goes to access logs. A value reaches a URL in many ways:
//! the URL's template, a query parameter, a path, a copy under another name, a message that an earlier policy built. All
//! of them begin with a read of the variable, so values are noted where variables are read, and the text of a URL is
//! compared with the noted values when it is published. The variables keep their values.
//!
//! The result of a function of a private variable is noted like a value, and so are the path and the query that come
//! from a private message. What is not followed: a function of a copy, and text that ExtractVariables takes out of a
//! private message and puts under a public name.

use crate::flow::parameters;
use crate::flow::url;
use bytestring::ByteString;

/// What stands for a value.
const MASK: &str = "*****";

/// The values that were read under `private.` names.
#[derive(Clone, Debug, Default)]
pub(super) struct PrivateValues(Vec<ByteString>);

impl PrivateValues {
    /// Notes a value, and its parts that a URL can contain separately: a value such as `host/path?key=1` is split when the
    /// message's path and query are added, and its fragment is not sent.
    pub(super) fn note(&mut self, value: &ByteString) {
        // URLs are trimmed.
        let whole = value.trim();
        let sent = whole.split('#').next().unwrap_or_default();
        let (before_query, query) = sent.split_once('?').unwrap_or((sent, ""));
        let after_scheme = before_query.split_once("://").map_or(before_query, |(_, rest)| rest);
        let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or_default();
        for part in [whole, before_query, path, query] {
            // A lone slash is in every URL.
            if !part.is_empty() && part != "/" && !self.0.iter().any(|known| known == part) {
                self.0.push(value.slice_ref(part));
            }
        }
    }

    /// The text of a URL with every noted value masked, as it is and as a URL encodes it.
    pub(super) fn mask(&self, text: ByteString) -> ByteString {
        if self.0.is_empty() {
            return text;
        }
        // Marked first and replaced then: values may overlap, and one may be a part of the mask.
        let mut marked = vec![false; text.len()];
        // Encoding only makes a value longer.
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
        let places = at..at.saturating_add(found.len());
        marked.get_mut(places).into_iter().flatten().for_each(|place| *place = true);
    }
}

/// Whether the variable of that name holds the URL of a callout, or the end of one.
pub(super) fn is_url(name: &str) -> bool {
    let name = name.strip_prefix("servicecallout.").unwrap_or_default();
    name == "requesturi" || name.ends_with(".target.url")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_value_is_masked() {
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
    fn the_variables_of_a_callouts_url_are_known_by_name() {
        for name in ["servicecallout.requesturi", "servicecallout.SC.target.url", "servicecallout.a.b.target.url"] {
            assert!(is_url(name), "{name}");
        }
        for name in ["requesturi", "target.url", "servicecallout.SC.failed", "SC.target.url"] {
            assert!(!is_url(name), "{name}");
        }
    }
}
