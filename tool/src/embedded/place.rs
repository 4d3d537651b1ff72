//! Positions of the parts of a filter configuration in its file.

use super::Embedded;
use crate::finding::Finding;
use crate::source::{Source, offset, position};
use crate::tree::{Content, Node};
use envoy_callout::diagnostic::{Diagnostic, Position};
use serde_json::Value;
use std::ops::Range;
use std::rc::Rc;

impl Embedded {
    /// The finding of a diagnostic. `prefix` is the name of the configuration in messages.
    pub(crate) fn finding(&self, source: &Rc<Source>, prefix: &str, diagnostic: &Diagnostic) -> Finding {
        let finding = Finding::from(diagnostic);
        let key = diagnostic.document.as_deref();
        match key.and_then(|key| self.document(source, prefix, key)) {
            Some(inner) => finding.in_source(&inner, diagnostic.position),
            None => {
                let position = self.mentioned(&source.text, &diagnostic.message);
                Finding { text: format!("{prefix}{}", finding.text), ..finding }.in_source(source, position)
            }
        }
    }

    /// The document under a key of the configuration.
    pub(crate) fn document(&self, source: &Rc<Source>, prefix: &str, key: &str) -> Option<Rc<Source>> {
        let (text, node) = text_of(&self.value, self.tree(), key)?;
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let at = node.map(|node| node.start());
        Some(Rc::new(Source::inner(source, format!("{prefix}{key}"), text, at)))
    }

    /// The position of the value at the end of a path such as `local_proxies[0].cluster`.
    pub(crate) fn value_position(&self, path: &str) -> Option<Position> {
        let end = End::of(self.tree()?, path);
        end.rest.is_empty().then(|| end.node.start())
    }

    /// The position of the first list of steps.
    pub(crate) fn steps(&self) -> Option<Position> {
        let node = self.tree()?;
        ["request", "response"].into_iter().filter_map(|key| Some(node.entry(key)?.position)).min()
    }

    /// The position of a word after a key in the lines of the configuration, without other characters of a name before and
    /// after it.
    pub(crate) fn word_after(&self, text: &str, key: &str, word: &str) -> Option<Position> {
        let range = self.range(text);
        let start = find(text, &range, key, true, 0)?.saturating_add(key.len());
        find(text, &range, word, false, start).map(|at| position(text, at))
    }

    /// The node, unless it is a text with the configuration.
    fn tree(&self) -> Option<&Rc<Node>> {
        self.node.as_ref().filter(|node| !matches!(node.content, Content::Scalar(_)))
    }

    /// The bytes of the configuration in its file.
    fn range(&self, text: &str) -> Range<usize> {
        match &self.node {
            Some(node) => offset(text, node.position)..offset(text, node.end),
            None => 0..text.len(),
        }
    }

    /// The position of what a message is about: the policy of a step in parentheses, as in `request[0] (SC-1): …`, or the
    /// key of the path at its start or after `unknown key`.
    fn mentioned(&self, text: &str, message: &str) -> Option<Position> {
        let subject = message.strip_prefix("unknown key ").unwrap_or(message);
        if let Some(node) = self.tree() {
            return in_tree(node, subject);
        }
        let (path, rest) = subject.split_at_checked(subject.find([' ', ';', ':']).unwrap_or(subject.len()))?;
        let policy = rest.strip_prefix(" (").and_then(|rest| rest.split_once(')')).map(|(policy, _)| policy);
        let key = path.rsplit('.').next().unwrap_or(path);
        let key = key.split('[').next().unwrap_or(key);
        let range = self.range(text);
        let list = find(text, &range, key, true, 0);
        let of_policy = policy.and_then(|policy| find(text, &range, policy, false, list.unwrap_or_default()));
        Some(position(text, of_policy.or(list)?))
    }
}

/// The end of the part of a path that exists.
struct End<'n, 'p> {
    node: &'n Rc<Node>,
    /// The position of its key, or of the item of a list. `None` when no part of the path exists.
    position: Option<Position>,
    rest: &'p str,
}

impl<'n, 'p> End<'n, 'p> {
    fn of(root: &'n Rc<Node>, path: &'p str) -> End<'n, 'p> {
        let (mut node, mut rest, mut position) = (root, path, None);
        loop {
            let path = rest.strip_prefix('.').unwrap_or(rest);
            if let Some((index, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                let Some(item) = index.parse().ok().and_then(|index| node.item(index)) else { break };
                (node, rest, position) = (item, after, Some(item.start()));
            } else if let Some(entry) = longest(node, path) {
                let after = path.get(entry.key.len()..).unwrap_or_default();
                (node, rest, position) = (&entry.value, after, Some(entry.position));
            } else {
                break;
            }
        }
        End { node, position, rest }
    }
}

/// The position of the node that a message starts with: a path of keys and indices. The node of a step is the name of its
/// policy or its condition. A path to a missing key leads to the object that lacks it.
fn in_tree(root: &Rc<Node>, message: &str) -> Option<Position> {
    let End { node, position, rest } = End::of(root, message);
    let step = rest.strip_prefix(" (").and_then(|rest| rest.split_once(')'));
    let key = step.map(|(_, rest)| if rest.starts_with(" condition") { "condition" } else { "step" });
    let of_step = key.and_then(|key| node.get(key)).map(|node| node.start());
    let is_missing = message.starts_with("policies is required");
    of_step.or(position).or(is_missing.then(|| root.start()))
}

/// The entry with the longest key that a path starts with.
fn longest<'n>(node: &'n Node, path: &str) -> Option<&'n crate::tree::Entry> {
    let Content::Object(entries) = &node.content else { return None };
    let is_first =
        |key: &str| path.strip_prefix(key).is_some_and(|rest| !rest.starts_with(is_part) || rest.starts_with('.'));
    let found = entries.iter().filter(|entry| !entry.key.is_empty() && is_first(&entry.key));
    found.max_by_key(|entry| entry.key.len())
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// The byte offset of a whole word in a range of a text, after a start. With `is_key`, the word of a key.
fn find(text: &str, range: &Range<usize>, word: &str, is_key: bool, start: usize) -> Option<usize> {
    let is_inside = |at: &usize| range.contains(at) && *at >= start;
    text.match_indices(word).map(|(at, _)| at).filter(is_inside).find(|at| {
        let before = text.get(..*at).unwrap_or_default();
        let after = text.get(at.saturating_add(word.len())..).unwrap_or_default();
        let has_colon = after.trim_start_matches(['"', '\'', '\\', ' ']).starts_with(':');
        !before.ends_with(is_part) && !after.starts_with(is_part) && (has_colon || !is_key)
    })
}

/// The document of a key such as `policies[0]` or `shared_flows[1].policies[0]`, with its node.
fn text_of<'a>(value: &'a Value, node: Option<&'a Rc<Node>>, key: &str) -> Option<(&'a str, Option<&'a Rc<Node>>)> {
    let (mut value, mut node) = (value, node);
    for part in key.split('.') {
        let Some((list, index)) = part.split_once('[') else {
            (value, node) = (value.get(part)?, node.and_then(|node| node.get(part)));
            continue;
        };
        let index: usize = index.strip_suffix(']')?.parse().ok()?;
        let list_node = node.and_then(|node| node.get(list));
        let items = value.get(list)?.as_array()?.iter().enumerate();
        // The index counts only texts of policies, as in the filter.
        let mut items = items.filter(|(_, item)| list == "shared_flows" || item.is_string());
        let (index, item) = items.nth(index)?;
        (value, node) = (item, list_node.and_then(|list| list.item(index)));
    }
    match value.as_str() {
        Some(text) => Some((text, node)),
        None => Some((value.get("xml")?.as_str()?, node.and_then(|node| node.get("xml")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_leads_to_its_document() {
        let flow = json!({"name": "log", "xml": "<SharedFlow/>", "policies": ["<A/>", 5, "<B/>"]});
        let configuration =
            json!({"policies": [5, "<P/>"], "proxy_endpoint": "<E/>", "shared_flows": [5, "<S/>", flow]});
        let cases = [
            ("policies[0]", Some("<P/>")),
            ("proxy_endpoint", Some("<E/>")),
            ("shared_flows[1]", Some("<S/>")),
            ("shared_flows[2]", Some("<SharedFlow/>")),
            ("shared_flows[2].policies[1]", Some("<B/>")),
            ("shared_flows[3]", None),
        ];
        for (key, text) in cases {
            assert_eq!(text_of(&configuration, None, key).map(|(text, _)| text), text, "{key}");
        }
    }
}
