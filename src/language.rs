//! Languages that policies and messages are written in: XML and XPath.

pub mod xml;
pub mod xpath;
