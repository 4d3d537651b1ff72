//! XML documents of a bundle as the filter gets them. The filter has no file names, so each document gets a name.

use super::finding::Finding;
use super::source::{Source, offset, position};
use envoy_callout::diagnostic::{Diagnostic, Position};
use envoy_callout::language::xml;
use std::borrow::Cow;
use std::rc::Rc;

/// A document and its file.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// The file.
    pub(crate) source: Rc<Source>,
    edit: Option<Edit>,
    root: Option<Root>,
}

/// A replacement in the file's text that gives the root element its name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    at: usize,
    removed: usize,
    inserted: String,
}

impl Document {
    /// A document that gets the name of its file when it has no name.
    pub(crate) fn named_after_file(source: Rc<Source>) -> Document {
        let name = source.stem().to_owned();
        Document::new(source, &name, false)
    }

    /// A document that gets another name.
    pub(crate) fn renamed(source: Rc<Source>, name: &str) -> Document {
        Document::new(source, name, true)
    }

    fn new(source: Rc<Source>, name: &str, replace: bool) -> Document {
        let (edit, root) = match xml::Document::parse(&source.text) {
            Ok(document) => {
                let root = document.root();
                let edit = Edit::naming(root, &source.text, name, replace);
                let own = root.attribute("name").unwrap_or_default();
                let name = if edit.is_some() { name } else { own }.trim().to_owned();
                (edit, Some(Root { element: root.name().to_owned(), name, position: root.position() }))
            }
            Err(_) => (None, None),
        };
        Document { source, edit, root }
    }

    /// The text for the filter.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        let text = &self.source.text;
        let Some(Edit { at, removed, inserted }) = &self.edit else { return Cow::Borrowed(text) };
        let before = text.get(..*at).unwrap_or_default();
        let after = text.get(at.saturating_add(*removed)..).unwrap_or_default();
        Cow::Owned(format!("{before}{inserted}{after}"))
    }

    /// The position in the file of a position in [`Document::text`].
    pub(crate) fn position_in_file(&self, found: Position) -> Position {
        let Some(Edit { at, removed, inserted }) = &self.edit else { return found };
        let text = &self.source.text;
        let edit = position(text, *at);
        if found.line != edit.line || found.column <= edit.column {
            return found;
        }
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let removed = text.get(*at..at.saturating_add(*removed)).map_or(0, count);
        let column = found.column.saturating_sub(count(inserted)).saturating_add(removed);
        Position { column: column.max(edit.column), ..found }
    }

    /// A diagnostic of [`Document::text`] as a finding in the file. Without a position, it is about the root element.
    pub(crate) fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        let position = diagnostic.position.map(|position| self.position_in_file(position));
        let position = position.or(self.root.as_ref().map(|root| root.position));
        Finding::from(diagnostic).in_source(&self.source, position)
    }

    /// Name and position of the root element, when the text is XML.
    pub(crate) fn root(&self) -> Option<&Root> {
        self.root.as_ref()
    }
}

/// The root element of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// The element's name: the policy type.
    pub(crate) element: String,
    /// The value of its `name`, empty without one.
    pub(crate) name: String,
    /// Its position in the file.
    pub(crate) position: Position,
}

impl Edit {
    /// The edit that gives the root element a name. `None` when the element has a name and `replace` is false.
    fn naming(root: xml::Element<'_, '_>, text: &str, name: &str, replace: bool) -> Option<Edit> {
        let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        if root.attribute("name").is_none() {
            let start = offset(text, root.position());
            let tag = text.get(start..)?;
            let end = tag.find(|c: char| c.is_whitespace() || c == '/' || c == '>')?;
            return Some(Edit { at: start.saturating_add(end), removed: 0, inserted: format!(" name=\"{name}\"") });
        }
        if !replace {
            return None;
        }
        let start = offset(text, root.attribute_position("name"));
        let attribute = text.get(start..)?;
        let quote = attribute.find(['"', '\''])?;
        let value = attribute.get(quote.saturating_add(1)..)?;
        let length = value.find(attribute.get(quote..)?.chars().next()?)?;
        // The name is written in double quotes: the quotes are replaced too.
        let (at, removed) = (start.saturating_add(quote), length.saturating_add(2));
        Some(Edit { at, removed, inserted: format!("\"{name}\"") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Rc<Source> {
        Rc::new(Source::new("policies/SC-1.xml".to_owned(), text.as_bytes()).0)
    }

    #[test]
    fn a_document_without_name_gets_the_name_of_its_file() {
        let cases = [
            ("<SC><URL/></SC>", "<SC name=\"SC-1\"><URL/></SC>"),
            ("<!-- (c) -->\n<SC\n async='true'/>", "<!-- (c) -->\n<SC name=\"SC-1\"\n async='true'/>"),
            ("<SC name='other'/>", "<SC name='other'/>"),
            ("<SC name=''/>", "<SC name=''/>"),
            ("<SC", "<SC"),
        ];
        for (text, named) in cases {
            assert_eq!(Document::named_after_file(source(text)).text(), named);
        }
    }

    #[test]
    fn a_document_can_be_renamed() {
        let cases = [
            ("<SharedFlow name='default'/>", "<SharedFlow name=\"a&amp;b\"/>"),
            ("<SharedFlow name = \"default\" x='1'/>", "<SharedFlow name = \"a&amp;b\" x='1'/>"),
            ("<SharedFlow/>", "<SharedFlow name=\"a&amp;b\"/>"),
        ];
        for (text, named) in cases {
            assert_eq!(Document::renamed(source(text), "a&b").text(), named);
        }
    }

    #[test]
    fn positions_refer_to_the_file() {
        let text = "<SC><URL/></SC>\n<B/>";
        let document = Document::named_after_file(source("<SC><URL/></SC>"));
        let named = document.text().into_owned();
        let position_of_root = Position { line: 1, column: 1 };
        let root = Root { element: "SC".to_owned(), name: "SC-1".to_owned(), position: position_of_root };
        assert_eq!(document.root(), Some(&root));
        for found in ["<SC", "<URL/>", "</SC>"] {
            let in_file = position(text, text.find(found).unwrap());
            assert_eq!(document.position_in_file(position(&named, named.find(found).unwrap())), in_file, "{found}");
        }
        let below = Position { line: 2, column: 40 };
        assert_eq!(document.position_in_file(below), below);
        let renamed = Document::renamed(source("<A name='abc' b='1'/>"), "x");
        assert_eq!(renamed.root().map(|root| root.name.as_str()), Some("x"));
        assert_eq!(renamed.position_in_file(Position { line: 1, column: 13 }), Position { line: 1, column: 15 });
    }
}
