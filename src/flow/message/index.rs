//! An index of a message's parts by name, for reading many of them.

use super::Message;
use super::parts::{header_item, parameter_item};
use crate::flow::distinct::Distinct;
use crate::flow::headers::grouped::Grouped;
use crate::flow::value::Value;
use crate::policy::variable::MessagePart;
use bytestring::ByteString;

/// An index of the headers and the query parameters of a message. Without it, each read searches all of them.
pub(in crate::flow) struct PartIndex<'m> {
    message: &'m Message,
    headers: Grouped<'m>,
    /// The names of the query parameters.
    names: Distinct<ByteString>,
    /// The values of each name.
    values: Vec<Vec<ByteString>>,
}

impl<'m> PartIndex<'m> {
    /// The index of a message.
    pub(in crate::flow) fn new(message: &'m Message) -> PartIndex<'m> {
        let mut index = PartIndex {
            message,
            headers: Grouped::new(message.headers.lines()),
            names: Distinct::new(),
            values: Vec::new(),
        };
        for (name, value) in message.as_request().into_iter().flat_map(|line| line.query.pairs()) {
            let position = index.names.add(name);
            match index.values.get_mut(position) {
                Some(values) => values.push(value),
                None => index.values.push(vec![value]),
            }
        }
        index
    }

    /// The value of a part, as in [`Message::part`].
    pub(in crate::flow) fn part(&self, part: &MessagePart) -> Option<Value> {
        match part {
            MessagePart::Header(name, item) => {
                header_item(name, self.headers.lines(name.as_bytes()).iter().copied(), *item)
            }
            MessagePart::QueryParam(name, item) => {
                self.message.as_request()?;
                let values = self.names.index(name).and_then(|index| self.values.get(index));
                parameter_item(values.into_iter().flatten().cloned(), *item)
            }
            part => self.message.part(part),
        }
    }
}
