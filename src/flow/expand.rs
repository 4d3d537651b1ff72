//! Filling in message templates (semantics sections 6.3 to 6.5).

use crate::flow::functions;
use crate::flow::host::Host;
use crate::flow::transaction::Transaction;
use crate::policy::template::{Argument, Function, Part, Reference, Template};
use crate::policy::variable::Variable;
use bytestring::ByteString;

/// A variable that a template needs and that does not resolve, where that is not to be ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved(pub ByteString);

impl<H: Host> Transaction<'_, H> {
    /// The text of a template. With `ignore_unresolved` a variable that does not resolve is empty text.
    ///
    /// # Errors
    /// The first variable that does not resolve, unless that is ignored.
    pub fn expand(&mut self, template: &Template, ignore_unresolved: bool) -> Result<ByteString, Unresolved> {
        match template.parts() {
            [] => return Ok(ByteString::new()),
            [part] => return self.expand_part(part, ignore_unresolved),
            _ => {}
        }
        let mut text = String::new();
        for part in template.parts() {
            text.push_str(&self.expand_part(part, ignore_unresolved)?);
        }
        Ok(text.into())
    }

    fn expand_part(&mut self, part: &Part, ignore_unresolved: bool) -> Result<ByteString, Unresolved> {
        match part {
            Part::Literal(text) => Ok(text.clone()),
            Part::Variable(reference) => {
                let value = self.reference(reference);
                resolved(value, &reference.variable, ignore_unresolved)
            }
            Part::Call(Function::FirstNonNull, arguments) => {
                let first = arguments.iter().find_map(|argument| match argument {
                    Argument::Literal(text) => Some(text.clone()),
                    Argument::Variable(reference) => self.reference(reference),
                    Argument::Nested(_) => None,
                });
                Ok(first.unwrap_or_default())
            }
            Part::Call(function, arguments) => {
                let mut texts = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    texts.push(match argument {
                        Argument::Literal(text) => text.clone(),
                        Argument::Variable(reference) => {
                            let value = self.reference(reference);
                            resolved(value, &reference.variable, ignore_unresolved)?
                        }
                        Argument::Nested(text) => {
                            if !ignore_unresolved {
                                return Err(Unresolved(text.clone()));
                            }
                            ByteString::new()
                        }
                    });
                }
                let random = |buffer: &mut [u8]| self.host.random(buffer);
                let result = functions::call(*function, &texts, &random).unwrap_or_default();
                if arguments.iter().any(Argument::is_private) {
                    self.private_values.note(&result);
                }
                Ok(result)
            }
        }
    }

    fn reference(&mut self, reference: &Reference) -> Option<ByteString> {
        self.text(&reference.variable).or_else(|| reference.default.clone())
    }
}

fn resolved(value: Option<ByteString>, variable: &Variable, ignore: bool) -> Result<ByteString, Unresolved> {
    match value {
        Some(text) => Ok(text),
        None if ignore => Ok(ByteString::new()),
        None => Err(Unresolved(variable.name().clone())),
    }
}
