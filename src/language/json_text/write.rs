//! Values as JSON without white space.

use super::members::offset;
use super::string;
use super::walk::Walk;

/// A text with a size limit in bytes.
#[derive(Debug)]
pub(crate) struct Sink {
    text: String,
    limit: usize,
}

impl Sink {
    pub(crate) fn new(limit: usize) -> Sink {
        Sink { text: String::new(), limit }
    }

    /// A text for one value, which is never longer than its part of the document.
    pub(super) fn for_part(part: &str) -> Sink {
        Sink { text: String::with_capacity(part.len()), limit: usize::MAX }
    }

    /// Appends a text. `None` when the result would be too long.
    pub(crate) fn push(&mut self, part: &str) -> Option<()> {
        if self.text.len().saturating_add(part.len()) > self.limit {
            return None;
        }
        self.text.push_str(part);
        Some(())
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

impl Walk<'_> {
    /// Writes a value. `None` when the text would be too long or the work exceeds the limit.
    pub(crate) fn write(&self, start: usize, sink: &mut Sink) -> Option<()> {
        if self.is_object(start) {
            self.write_object(start, sink)?;
        } else if self.is_array(start) {
            sink.push("[")?;
            for (index, entry) in self.entries(start).enumerate() {
                sink.push(if index > 0 { "," } else { "" })?;
                self.write(entry.value, sink)?;
            }
            sink.push("]")?;
        } else {
            self.write_scalar(start, sink)?;
        }
        (!self.is_exhausted()).then_some(())
    }

    fn write_object(&self, start: usize, sink: &mut Sink) -> Option<()> {
        let mut is_first = true;
        let mut write = |name: usize, value: usize| {
            sink.push(if is_first { "{" } else { "," })?;
            is_first = false;
            self.write_scalar(name, sink)?;
            sink.push(":")?;
            self.write(value, sink)
        };
        match self.repeated(start) {
            None => self.entries(start).try_for_each(|entry| write(entry.start, entry.value))?,
            Some(names) => names
                .into_iter()
                .try_for_each(|(first, last)| write(offset(first), self.value_after_name(offset(last))))?,
        }
        sink.push(if is_first { "{}" } else { "}" })
    }

    fn write_scalar(&self, start: usize, sink: &mut Sink) -> Option<()> {
        let text = self.part(start, self.end(start));
        let content = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        match content.and_then(string::rewritten) {
            Some(text) => sink.push(&text),
            None => sink.push(text),
        }
    }
}
