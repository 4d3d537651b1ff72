//! Errors of XML documents.

use crate::diagnostic::Position;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::attributes::AttrError;
use std::fmt;

/// A problem of an XML document and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlError {
    /// The position of the problem.
    pub position: Option<Position>,
    problem: Problem,
    /// The line of the start tag that the end tag does not match.
    opened: Option<u32>,
}

/// A problem at an offset in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) offset: usize,
    pub(super) problem: Problem,
    /// The offset of the start tag that the end tag does not match.
    pub(super) opened: Option<usize>,
}

/// The problems of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    NoRoot,
    UnclosedRoot,
    UnknownToken,
    Doctype,
    Declaration,
    Unclosed(&'static str),
    EndTag { expected: String, found: String },
    UnexpectedEndTag(String),
    Name(String),
    Character(char),
    CDataEnd,
    Comment,
    Reference,
    Entity(String),
    Attribute(&'static str),
    LessThan,
    DuplicateAttribute(String),
    DuplicateNamespace(String),
    UnknownPrefix(String),
    ReservedNamespace,
    EmptyNamespace(String),
    TooLong,
    Nodes(usize),
    Depth(usize),
    Memory(usize),
}

impl Located {
    pub(super) fn new(offset: usize, problem: Problem) -> Located {
        Located { offset, problem, opened: None }
    }

    /// With the offset of the start tag that an end tag does not match.
    pub(super) fn opened_at(self, offset: usize) -> Located {
        let opened = matches!(self.problem, Problem::EndTag { .. }).then_some(offset);
        Located { opened, ..self }
    }

    pub(super) fn with_positions(self, position: impl Fn(usize) -> Position) -> XmlError {
        XmlError {
            position: Some(position(self.offset)),
            problem: self.problem,
            opened: self.opened.map(|offset| position(offset).line),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                Problem::EndTag { expected, found }
            }
            Error::IllFormed(IllFormedError::UnmatchedEndTag(found)) => Problem::UnexpectedEndTag(found),
            Error::IllFormed(IllFormedError::DoubleHyphenInComment) => Problem::Comment,
            Error::IllFormed(IllFormedError::UnclosedReference) => Problem::Reference,
            Error::IllFormed(IllFormedError::MissingDoctypeName) => Problem::Doctype,
            Error::Syntax(error) => {
                use quick_xml::errors::SyntaxError::*;
                match error {
                    UnclosedPI | UnclosedXmlDecl => Problem::Unclosed("a processing instruction"),
                    UnclosedComment => Problem::Unclosed("a comment"),
                    UnclosedDoctype => Problem::Unclosed("a document type declaration"),
                    UnclosedCData => Problem::Unclosed("a CDATA section"),
                    UnclosedTag => Problem::Unclosed("a tag"),
                    UnclosedSingleQuotedAttributeValue | UnclosedDoubleQuotedAttributeValue => {
                        Problem::Unclosed("the value of an attribute")
                    }
                    InvalidBangMarkup => Problem::UnknownToken,
                }
            }
            _ => Problem::UnknownToken,
        }
    }
}

impl From<&AttrError> for Problem {
    fn from(error: &AttrError) -> Problem {
        Problem::Attribute(match error {
            AttrError::ExpectedEq(_) => "expected '=' after the name of an attribute",
            AttrError::ExpectedValue(_) => "expected the value of an attribute",
            AttrError::UnquotedValue(_) => "expected a quote",
            AttrError::ExpectedQuote(..) => "the value of an attribute is not closed",
            AttrError::Duplicated(..) => "an attribute is already defined",
        })
    }
}

impl fmt::Display for XmlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not a well-formed XML document: {}", self.problem)?;
        match (&self.problem, self.opened) {
            (Problem::EndTag { expected, .. }, Some(line)) => {
                write!(formatter, "; '{expected}' is opened at line {line}")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for XmlError {}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NoRoot => formatter.write_str("the document has no root element"),
            Problem::UnclosedRoot => formatter.write_str("the root element is not closed"),
            Problem::UnknownToken => formatter.write_str("unknown token"),
            Problem::Doctype => formatter.write_str("XML with DTD detected"),
            Problem::Declaration => formatter.write_str("unexpected XML declaration"),
            Problem::Unclosed(what) => write!(formatter, "{what} is not closed"),
            Problem::EndTag { expected, found } => write!(formatter, "expected '{expected}' tag, not '{found}'"),
            Problem::UnexpectedEndTag(found) => write!(formatter, "unexpected end tag '{found}'"),
            Problem::Name(name) => write!(formatter, "invalid name '{name}'"),
            Problem::Character(character) => write!(formatter, "invalid XML character {character:?}"),
            Problem::CDataEnd => formatter.write_str("']]>' is not allowed in character data"),
            Problem::Comment => formatter.write_str("a comment contains '--'"),
            Problem::Reference => formatter.write_str("malformed entity reference"),
            Problem::Entity(name) => write!(formatter, "unknown entity reference '{name}'"),
            Problem::Attribute(what) => formatter.write_str(what),
            Problem::LessThan => formatter.write_str("unescaped '<' found"),
            Problem::DuplicateAttribute(name) => write!(formatter, "attribute '{name}' is already defined"),
            Problem::DuplicateNamespace(prefix) => write!(formatter, "namespace '{prefix}' is already defined"),
            Problem::UnknownPrefix(prefix) => write!(formatter, "unknown namespace prefix '{prefix}'"),
            Problem::ReservedNamespace => formatter.write_str("a reserved namespace or prefix is declared"),
            Problem::EmptyNamespace(prefix) => {
                write!(formatter, "the namespace prefix '{prefix}' is mapped to an empty URI")
            }
            Problem::TooLong => formatter.write_str("the document is longer than 4 GiB"),
            Problem::Nodes(max) => write!(formatter, "the document has more than {max} nodes"),
            Problem::Depth(max) => write!(formatter, "elements are nested deeper than {max} levels"),
            Problem::Memory(max) => write!(formatter, "the document takes more than {max} bytes of memory"),
        }
    }
}
