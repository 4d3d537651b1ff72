//! The DecodeJWT policy, and the source of tokens.

use super::COMMON;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::policy::PolicyData;
use crate::policy::attributes::{Attributes, boolean_child, single_child, warn_unknown_children};
use crate::policy::usage::Read;
use crate::policy::variable::Variable;

/// A checked DecodeJWT.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodeJwt {
    /// Name and switches.
    pub attributes: Attributes,
    /// The variable of the token.
    pub source: TokenSource,
}

/// `Source`: the variable of a token.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenSource {
    /// The variable.
    pub variable: Variable,
    /// Whether it is the default, the header `Authorization` of the request.
    pub is_default: bool,
}

/// The default of `Source`.
const AUTHORIZATION: &str = "request.header.authorization";

impl TokenSource {
    pub(super) fn parse(root: Element<'_, '_>, policy: &str, diagnostics: &mut Diagnostics) -> TokenSource {
        let source = single_child(root, "Source", diagnostics);
        let name = source.map(Element::text).unwrap_or_default();
        if let Some(element) = source.filter(|_| name.is_empty()) {
            let message = format!("Invalid empty element : policy({policy}) element(Source).");
            diagnostics.error(Code::InvalidEmptyElement, element.position(), message);
        }
        let is_default = name.is_empty();
        TokenSource { variable: Variable::new(if is_default { AUTHORIZATION } else { &name }), is_default }
    }

    /// Whether the token may follow the word `Bearer`.
    pub fn is_authorization(&self) -> bool {
        self.variable.name().eq_ignore_ascii_case(AUTHORIZATION)
    }
}

impl DecodeJwt {
    /// Reads and checks a policy. The diagnostics contain all errors.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> DecodeJwt {
        let attributes = Attributes::parse(root, diagnostics);
        warn_unknown_children(root, &[&COMMON[..], &["Source", "IgnoreUnresolvedVariables"]].concat(), diagnostics);
        boolean_child(root, "IgnoreUnresolvedVariables", false, diagnostics);
        let source = TokenSource::parse(root, &attributes.name, diagnostics);
        DecodeJwt { attributes, source }
    }
}

impl PolicyData for DecodeJwt {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        self.source.variable.is_body_of(names)
    }

    fn reads(&self) -> Vec<Read<'_>> {
        vec![Read::value(&self.source.variable)]
    }

    fn made(&self) -> Vec<&str> {
        vec![super::FAILED]
    }
}
