//! Reads a text into a tree, with the checks that the event reader omits.

use super::bindings::Bindings;
use super::error::{Located, Problem};
use super::names;
use super::tag::{Found, Tag};
use super::text::{self, Context};
use super::tree::{
    Attribute, ElementData, Kind, Memory, NONE, Name, Namespace, Node, Tree, Value, XML_URI, index, inner, short,
};
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use std::ops::Range;

/// The limits of a document.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum number of nodes, without attributes.
    pub nodes: usize,
    /// Maximum number of levels of elements.
    pub depth: usize,
    /// Maximum memory of the nodes in bytes, without the text itself.
    pub memory: usize,
    /// Whether it may have a document type declaration, which is ignored.
    pub allows_doctype: bool,
}

/// The part of a document that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// The text until the end of the first tag, as if its element was empty.
    FirstTag,
}

/// Reads a document without a byte order mark.
pub(super) fn read<'input>(text: &'input str, limits: &Limits, extent: Extent) -> Result<Tree<'input>, Located> {
    if u32::try_from(text.len()).is_err() {
        return Err(Located::new(0, Problem::TooLong));
    }
    let mut builder = Builder::new(text, limits).map_err(|problem| Located::new(0, problem))?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().enable_all_checks(true);
    loop {
        let start = offset(reader.buffer_position());
        let event = reader.read_event();
        let span = start..offset(reader.buffer_position());
        match event {
            Ok(Event::Eof) => return builder.finish(),
            Ok(event @ (Event::Start(_) | Event::Empty(_))) if extent == Extent::FirstTag => {
                let end = span.end;
                builder.event(&event, span)?;
                if let Event::Start(_) = event {
                    builder.end(end);
                }
                return builder.finish();
            }
            Ok(event) => builder.event(&event, span)?,
            Err(error) => {
                // A text that ends inside its first tag has no element.
                if builder.tree.root == NONE && matches!(error, quick_xml::Error::Syntax(_)) {
                    return Err(Located::new(0, Problem::NoRoot));
                }
                let offset = offset(reader.error_position());
                let problem = Problem::from(error);
                // The reader reports a wrong offset for a double hyphen.
                let error = Located::new(if problem == Problem::Comment { start } else { offset }, problem);
                return Err(error.opened_at(builder.innermost()));
            }
        }
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// A tree that grows.
struct Builder<'input, 'limits> {
    tree: Tree<'input>,
    limits: &'limits Limits,
    memory: Memory,
    bindings: Bindings<'input>,
    /// The elements that have started, after the root node.
    open: Vec<u32>,
    /// The last node that ended, if it is in the innermost of them.
    previous: u32,
    has_doctype: bool,
    /// The current text, which may continue: the reader splits it at references.
    text: Option<Range<usize>>,
}

impl<'input, 'limits> Builder<'input, 'limits> {
    fn new(text: &'input str, limits: &'limits Limits) -> Result<Builder<'input, 'limits>, Problem> {
        let mut tree = Tree {
            text,
            nodes: Vec::new(),
            elements: Vec::new(),
            attributes: Vec::new(),
            namespaces: Vec::new(),
            values: Vec::new(),
            decoded: String::new(),
            root: NONE,
        };
        let mut memory = Memory::new(limits.memory);
        memory.reserve(&mut tree.decoded, XML_URI.len())?;
        tree.decoded.push_str(XML_URI);
        let uri = Value { is_decoded: true, start: 0, end: short(XML_URI.len()) };
        memory.push(&mut tree.namespaces, Namespace { prefix: "xml", uri, same: 0 })?;
        let root = Node {
            kind: Kind::Root,
            parent: NONE,
            previous: NONE,
            subtree_end: 1,
            start: 0,
            end: short(text.len()),
            detail: NONE,
        };
        memory.push(&mut tree.nodes, root)?;
        Ok(Builder {
            tree,
            limits,
            memory,
            bindings: Bindings::default(),
            open: vec![0],
            previous: NONE,
            has_doctype: false,
            text: None,
        })
    }

    /// The offset of the innermost element that has started.
    fn innermost(&self) -> usize {
        self.open.last().and_then(|open| self.tree.node(*open)).map_or(0, |node| index(node.start))
    }

    fn event(&mut self, event: &Event<'_>, span: Range<usize>) -> Result<(), Located> {
        if let Event::Text(_) | Event::GeneralRef(_) = event {
            self.text = Some(self.text.take().map_or(span.start, |text| text.start)..span.end);
            return Ok(());
        }
        self.end_text()?;
        match event {
            Event::Start(_) => self.start(span, false),
            Event::Empty(_) => self.start(span, true),
            Event::End(_) => {
                self.end(span.end);
                Ok(())
            }
            Event::CData(_) => self.leaf(Kind::CData, span),
            Event::Comment(_) => self.leaf(Kind::Comment, span),
            Event::PI(instruction) => {
                let target = instruction.target();
                if !names::is_plain(target) || target.eq_ignore_ascii_case("xml") {
                    return Err(Located::new(span.start, Problem::Name(target.to_owned())));
                }
                self.leaf(Kind::Instruction, span)
            }
            Event::Decl(_) => self.declaration(span),
            Event::DocType(_) => self.doctype(span),
            Event::Text(_) | Event::GeneralRef(_) | Event::Eof => Ok(()),
        }
    }

    fn finish(mut self) -> Result<Tree<'input>, Located> {
        self.end_text()?;
        if self.tree.root == NONE {
            return Err(Located::new(0, Problem::NoRoot));
        }
        if self.open.len() > 1 {
            return Err(Located::new(0, Problem::UnclosedRoot));
        }
        self.close(0, self.tree.text.len());
        Ok(self.tree)
    }

    /// A document type declaration, which is ignored. References are never replaced, so that a document that declares
    /// entities is rejected.
    fn doctype(&mut self, span: Range<usize>) -> Result<(), Located> {
        let source = self.tree.text.get(span.clone()).unwrap_or_default();
        let is_complete =
            source.strip_prefix("<!DOCTYPE").is_some_and(|name| name.starts_with([' ', '\t', '\n', '\r']));
        let is_first = self.tree.root == NONE && !self.has_doctype;
        if self.limits.allows_doctype && is_complete && is_first && !source.contains("<!ENTITY") {
            self.has_doctype = true;
            return Ok(());
        }
        Err(Located::new(span.start, Problem::Doctype))
    }

    fn declaration(&mut self, span: Range<usize>) -> Result<(), Located> {
        let error = |offset| Err(Located::new(offset, Problem::Declaration));
        if span.start != 0 {
            return error(span.start);
        }
        let tag = self.tree.text.get("<?".len()..span.end.saturating_sub("?>".len())).unwrap_or_default();
        let mut expected = ["version", "encoding", "standalone"].into_iter();
        let mut count = 0_usize;
        for found in Tag::new(tag, "<?".len(), "xml".len()) {
            let found = found?;
            let name = self.tree.text.get(found.name.clone()).unwrap_or_default();
            let value = self.tree.text.get(found.value.clone()).unwrap_or_default();
            if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
                return error(found.value.start);
            }
            if !expected.any(|expected| expected == name) || (count == 0 && name != "version") {
                return error(found.name.start);
            }
            count = count.saturating_add(1);
        }
        if count == 0 { error(span.start) } else { Ok(()) }
    }

    /// Ends the text before a tag, comment or the like.
    fn end_text(&mut self) -> Result<(), Located> {
        let Some(span) = self.text.take() else { return Ok(()) };
        if self.open.len() > 1 {
            return self.leaf(Kind::Text, span);
        }
        let outside = self.tree.text.get(span.clone()).unwrap_or_default();
        match outside.find(|character: char| !matches!(character, ' ' | '\t' | '\n' | '\r')) {
            Some(at) => Err(Located::new(span.start.saturating_add(at), Problem::UnknownToken)),
            None => Ok(()),
        }
    }

    /// Adds a node without children.
    fn leaf(&mut self, kind: Kind, span: Range<usize>) -> Result<(), Located> {
        if kind == Kind::CData && self.open.len() == 1 {
            return Err(Located::new(span.start, Problem::UnknownToken));
        }
        let source = self.tree.text.get(span.clone()).unwrap_or_default();
        let context = if kind == Kind::Text { Context::Content } else { Context::Literal };
        let inner = inner(kind, source);
        let value = span.start.saturating_add(inner.start)..span.start.saturating_add(inner.end);
        let value = self.value(value, context)?;
        let detail = if value.is_decoded {
            self.memory.push(&mut self.tree.values, value).map_err(|problem| Located::new(span.start, problem))?
        } else {
            NONE
        };
        self.node(kind, span, detail).map(|_| ())
    }

    fn node(&mut self, kind: Kind, span: Range<usize>, detail: u32) -> Result<u32, Located> {
        let error = |problem| Located::new(span.start, problem);
        if self.tree.nodes.len() >= self.limits.nodes {
            return Err(error(Problem::Nodes(self.limits.nodes)));
        }
        let parent = self.open.last().copied().unwrap_or_default();
        let subtree_end = short(self.tree.nodes.len()).saturating_add(1);
        let previous = self.previous;
        let node = Node { kind, parent, previous, subtree_end, start: short(span.start), end: short(span.end), detail };
        let node = self.memory.push(&mut self.tree.nodes, node).map_err(error)?;
        self.previous = node;
        Ok(node)
    }

    /// A part of the text as it is read.
    fn value(&mut self, span: Range<usize>, context: Context) -> Result<Value, Located> {
        let start = span.start;
        let moved = |error: Located| Located::new(start.saturating_add(error.offset), error.problem);
        let raw = self.tree.text.get(span.clone()).unwrap_or_default();
        if !text::needs_decoding(raw, context).map_err(moved)? {
            return Ok(Value { is_decoded: false, start: short(span.start), end: short(span.end) });
        }
        let decoded = &mut self.tree.decoded;
        self.memory.reserve(decoded, raw.len()).map_err(|problem| Located::new(start, problem))?;
        let begin = short(decoded.len());
        text::decode(raw, context, decoded).map_err(moved)?;
        Ok(Value { is_decoded: true, start: begin, end: short(decoded.len()) })
    }

    fn start(&mut self, span: Range<usize>, is_empty: bool) -> Result<(), Located> {
        let error = |problem| Located::new(span.start, problem);
        if self.open.len() == 1 && self.tree.root != NONE {
            return Err(error(Problem::UnknownToken));
        }
        if self.open.len() > self.limits.depth {
            return Err(error(Problem::Depth(self.limits.depth)));
        }
        let after = if is_empty { "/>".len() } else { ">".len() };
        let begin = span.start.saturating_add(1);
        let tag = self.tree.text.get(begin..span.end.saturating_sub(after)).unwrap_or_default();
        let name_length = tag.find([' ', '\t', '\n', '\r']).unwrap_or(tag.len());
        let (attributes, declarations) = (short(self.tree.attributes.len()), short(self.tree.namespaces.len()));
        let name = self.name(begin..begin.saturating_add(name_length))?;
        for found in Tag::new(tag, begin, name_length) {
            self.attribute(&found?, declarations)?;
        }
        self.resolve_attributes(index(attributes))?;
        let name = self.resolved(name, true)?;
        let data = ElementData { name, attributes, declarations };
        let detail = self.memory.push(&mut self.tree.elements, data).map_err(error)?;
        let node = self.node(Kind::Element, span.clone(), detail)?;
        if self.open.len() == 1 {
            self.tree.root = node;
        }
        self.open.push(node);
        self.previous = NONE;
        if is_empty {
            self.end(span.end);
        }
        Ok(())
    }

    fn end(&mut self, end: usize) {
        // The event reader rejects end tags without start tags.
        let Some(node) = self.open.pop() else { return };
        self.close(node, end);
        self.previous = node;
        self.bindings.remove(self.tree.declarations(node));
    }

    fn close(&mut self, node: u32, end: usize) {
        let subtree_end = short(self.tree.nodes.len());
        if let Some(node) = self.tree.nodes.get_mut(index(node)) {
            node.subtree_end = subtree_end;
            node.end = short(end);
        }
    }

    /// Adds an attribute or a namespace declaration to the element that starts.
    fn attribute(&mut self, found: &Found, declarations: u32) -> Result<(), Located> {
        let error = |problem| Located::new(found.name.start, problem);
        let name = self.name(found.name.clone())?;
        let value = self.value(found.value.clone(), Context::Attribute)?;
        let text = self.tree.text.get(found.name.clone()).unwrap_or_default();
        let declared = if text == "xmlns" { Some("") } else { text.strip_prefix("xmlns:") };
        if let Some(prefix) = declared {
            let declaration = (prefix, value);
            return self.bindings.declare(&mut self.tree, &mut self.memory, declaration, declarations).map_err(error);
        }
        self.memory.push(&mut self.tree.attributes, Attribute { name, value }).map(|_| ()).map_err(error)
    }

    /// A name without its namespace.
    fn name(&self, span: Range<usize>) -> Result<Name, Located> {
        let name = self.tree.text.get(span.clone()).unwrap_or_default();
        let local = names::local_offset(name)
            .ok_or_else(|| Located::new(span.start, Problem::Name(name.chars().take(100).collect())))?;
        Ok(Name {
            start: short(span.start),
            local: short(span.start.saturating_add(local)),
            end: short(span.end),
            namespace: NONE,
        })
    }

    /// A name with its namespace. The default namespace is for elements only.
    fn resolved(&self, mut name: Name, is_element: bool) -> Result<Name, Located> {
        let prefix = self.tree.prefix(name);
        name.namespace = match prefix {
            "" if !is_element => NONE,
            "" => {
                let default = self.bindings.get("").unwrap_or(NONE);
                let is_undeclared =
                    self.tree.namespaces.get(index(default)).is_none_or(|declared| declared.uri.is_empty());
                if is_undeclared { NONE } else { default }
            }
            "xml" => 0,
            _ => self
                .bindings
                .get(prefix)
                .ok_or_else(|| Located::new(index(name.start), Problem::UnknownPrefix(prefix.to_owned())))?,
        };
        Ok(name)
    }

    /// Finds the namespaces of the attributes from an index on. No two may have the same name.
    fn resolve_attributes(&mut self, from: usize) -> Result<(), Located> {
        for at in from..self.tree.attributes.len() {
            let Some(name) = self.tree.attributes.get(at).map(|attribute| attribute.name) else { continue };
            let resolved = self.resolved(name, false)?;
            if let Some(attribute) = self.tree.attributes.get_mut(at) {
                attribute.name = resolved;
            }
        }
        let own = self.tree.attributes.get(from..).unwrap_or_default();
        if own.len() < 2 {
            return Ok(());
        }
        let key = |attribute: &&Attribute| {
            let name = attribute.name;
            (self.tree.same_namespace(name.namespace), self.tree.local(name))
        };
        let mut sorted: Vec<_> = own.iter().collect();
        sorted.sort_by_key(key);
        for (one, other) in sorted.iter().zip(sorted.iter().skip(1)) {
            if key(one) == key(other) {
                let name = self.tree.local(other.name).to_owned();
                return Err(Located::new(index(other.name.start), Problem::DuplicateAttribute(name)));
            }
        }
        Ok(())
    }
}
