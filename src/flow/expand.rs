//! The expansion of message templates (docs/apigee-semantics.md 6.3 to 6.5).

use crate::flow::fault::Fault;
use crate::flow::functions;
use crate::flow::host::Host;
use crate::flow::memory::TooLarge;
use crate::flow::transaction::Transaction;
use crate::policy::template::{Argument, Function, Part, Reference, Template};
use crate::policy::variable::Variable;
use bytestring::ByteString;

/// Why a template has no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpandError {
    /// The variable with this name does not resolve.
    Unresolved(ByteString),
    /// The text is larger than the memory that is left for bodies.
    TooLarge,
}

impl From<TooLarge> for ExpandError {
    fn from(_: TooLarge) -> ExpandError {
        ExpandError::TooLarge
    }
}

impl ExpandError {
    /// The fault of a policy with this type and name.
    #[cold]
    pub(super) fn into_fault(self, kind: &str, policy: &str) -> Fault {
        match self {
            ExpandError::Unresolved(name) => Fault::unresolved_variable(&name),
            ExpandError::TooLarge => Fault::too_large(kind, policy),
        }
    }
}

impl<H: Host> Transaction<'_, H> {
    /// The text of a template. With `ignore_unresolved`, a variable that does not resolve is empty text.
    ///
    /// # Errors
    /// A variable does not resolve and `ignore_unresolved` is false, or the text is too large.
    pub fn expand(&mut self, template: &Template, ignore_unresolved: bool) -> Result<ByteString, ExpandError> {
        match template.parts() {
            [] => return Ok(ByteString::new()),
            [part] => return self.expand_part(part, ignore_unresolved),
            _ => {}
        }
        let mut pieces = Vec::with_capacity(template.parts().len());
        let mut length = 0_usize;
        for part in template.parts() {
            let piece = self.expand_part(part, ignore_unresolved)?;
            length = length.saturating_add(piece.len());
            self.check_memory(length)?;
            pieces.push(piece);
        }
        let mut text = String::with_capacity(length);
        pieces.iter().for_each(|piece| text.push_str(piece));
        Ok(text.into())
    }

    /// The text of a template, or `None` for a template that is one call of `firstnonnull` and has no value
    /// (docs/apigee-semantics.md 6.4).
    ///
    /// # Errors
    /// As [`Transaction::expand`].
    pub(super) fn expand_or_null(
        &mut self,
        template: &Template,
        ignore_unresolved: bool,
    ) -> Result<Option<ByteString>, ExpandError> {
        match template.parts() {
            [Part::Call(Function::FirstNonNull, arguments)] => Ok(self.first_non_null(arguments)),
            _ => self.expand(template, ignore_unresolved).map(Some),
        }
    }

    /// The first argument with a value. An argument that does not resolve is not an error.
    fn first_non_null(&mut self, arguments: &[Argument]) -> Option<ByteString> {
        arguments.iter().find_map(|argument| match argument {
            Argument::Literal(text) => Some(text.clone()),
            Argument::Variable(reference) => self.reference(reference),
            Argument::Nested(_) => None,
        })
    }

    fn expand_part(&mut self, part: &Part, ignore_unresolved: bool) -> Result<ByteString, ExpandError> {
        match part {
            Part::Literal(text) => Ok(text.clone()),
            Part::Variable(reference) => {
                let value = self.reference(reference);
                resolved(value, &reference.variable, ignore_unresolved)
            }
            Part::Call(Function::FirstNonNull, arguments) => Ok(self.first_non_null(arguments).unwrap_or_default()),
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
                                return Err(ExpandError::Unresolved(text.clone()));
                            }
                            ByteString::new()
                        }
                    });
                }
                let random = |buffer: &mut [u8]| self.host.random(buffer);
                let max_bytes = self.max_result_bytes();
                let result = functions::call(*function, &texts, &random, max_bytes);
                let result = result.inspect_err(|_| self.set_out_of_memory())?.unwrap_or_default();
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

fn resolved(value: Option<ByteString>, variable: &Variable, ignore: bool) -> Result<ByteString, ExpandError> {
    match value {
        Some(text) => Ok(text),
        None if ignore => Ok(ByteString::new()),
        None => Err(ExpandError::Unresolved(variable.name().clone())),
    }
}
