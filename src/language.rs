//! Languages that policies and messages are written in: XML.

pub mod xml;
