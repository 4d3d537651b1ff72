//! The namespaces of prefixes while a document is read.

use super::error::Problem;
use super::tree::{Memory, NONE, Namespace, Tree, Value, XML_URI, index};
use std::borrow::Cow;
use std::collections::HashMap;

/// The memory of a declaration, in bytes.
const DECLARATION: usize = 128;

/// The namespaces in scope.
#[derive(Debug, Default)]
pub(super) struct Bindings<'input> {
    /// The declarations of each prefix, the innermost last.
    by_prefix: HashMap<&'input str, Vec<u32>>,
    /// The first declaration of each URI.
    by_uri: HashMap<Cow<'input, str>, u32>,
}

impl<'input> Bindings<'input> {
    /// The declaration of a prefix in scope. The default namespace has an empty prefix.
    pub(super) fn get(&self, prefix: &str) -> Option<u32> {
        self.by_prefix.get(prefix).and_then(|stack| stack.last()).copied()
    }

    /// Adds a declaration to an element whose first declaration is `first`.
    pub(super) fn declare(
        &mut self,
        tree: &mut Tree<'input>,
        memory: &mut Memory,
        (prefix, uri): (&'input str, Value),
        first: u32,
    ) -> Result<(), Problem> {
        let text = if uri.is_decoded {
            Cow::Owned(tree.value(uri).to_owned())
        } else {
            Cow::Borrowed(tree.slice(uri.start, uri.end))
        };
        let is_reserved = prefix == "xmlns" || *text == *"http://www.w3.org/2000/xmlns/";
        if is_reserved || (prefix == "xml") != (*text == *XML_URI) {
            return Err(Problem::ReservedNamespace);
        }
        if text.is_empty() && !prefix.is_empty() {
            return Err(Problem::EmptyNamespace(prefix.to_owned()));
        }
        if self.get(prefix).is_some_and(|declared| declared >= first) {
            return Err(Problem::DuplicateNamespace(prefix.to_owned()));
        }
        memory.take(DECLARATION.saturating_add(if uri.is_decoded { text.len() } else { 0 }))?;
        let namespace = memory.push(&mut tree.namespaces, Namespace { prefix, uri, same: NONE })?;
        let same = *self.by_uri.entry(text).or_insert(namespace);
        if let Some(declared) = tree.namespaces.get_mut(index(namespace)) {
            declared.same = same;
        }
        self.by_prefix.entry(prefix).or_default().push(namespace);
        Ok(())
    }

    /// Removes the declarations of an element that ends.
    pub(super) fn remove(&mut self, declarations: &[Namespace<'input>]) {
        for declaration in declarations {
            if let Some(stack) = self.by_prefix.get_mut(declaration.prefix) {
                stack.pop();
            }
        }
    }
}
