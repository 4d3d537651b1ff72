//! The core function library: names, arguments and results.

use super::expression::Type;

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Boolean,
    Ceiling,
    Concat,
    Contains,
    Count,
    False,
    Floor,
    Id,
    Lang,
    Last,
    LocalName,
    Name,
    NamespaceUri,
    NormalizeSpace,
    Not,
    Number,
    Position,
    Round,
    StartsWith,
    String,
    StringLength,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Translate,
    True,
}

/// A function's name, the smallest and largest number of arguments, and the type of its result.
type Signature = (&'static str, Function, usize, usize, Type);

const FUNCTIONS: [Signature; 27] = [
    ("boolean", Function::Boolean, 1, 1, Type::Boolean),
    ("ceiling", Function::Ceiling, 1, 1, Type::Number),
    ("concat", Function::Concat, 2, usize::MAX, Type::Text),
    ("contains", Function::Contains, 2, 2, Type::Boolean),
    ("count", Function::Count, 1, 1, Type::Number),
    ("false", Function::False, 0, 0, Type::Boolean),
    ("floor", Function::Floor, 1, 1, Type::Number),
    ("id", Function::Id, 1, 1, Type::Nodes),
    ("lang", Function::Lang, 1, 1, Type::Boolean),
    ("last", Function::Last, 0, 0, Type::Number),
    ("local-name", Function::LocalName, 0, 1, Type::Text),
    ("name", Function::Name, 0, 1, Type::Text),
    ("namespace-uri", Function::NamespaceUri, 0, 1, Type::Text),
    ("normalize-space", Function::NormalizeSpace, 0, 1, Type::Text),
    ("not", Function::Not, 1, 1, Type::Boolean),
    ("number", Function::Number, 0, 1, Type::Number),
    ("position", Function::Position, 0, 0, Type::Number),
    ("round", Function::Round, 1, 1, Type::Number),
    ("starts-with", Function::StartsWith, 2, 2, Type::Boolean),
    ("string", Function::String, 0, 1, Type::Text),
    ("string-length", Function::StringLength, 0, 1, Type::Number),
    ("substring", Function::Substring, 2, 3, Type::Text),
    ("substring-after", Function::SubstringAfter, 2, 2, Type::Text),
    ("substring-before", Function::SubstringBefore, 2, 2, Type::Text),
    ("sum", Function::Sum, 1, 1, Type::Number),
    ("translate", Function::Translate, 3, 3, Type::Text),
    ("true", Function::True, 0, 0, Type::Boolean),
];

impl Function {
    pub(super) fn parse(name: &str) -> Option<Function> {
        FUNCTIONS.iter().find(|entry| entry.0 == name).map(|entry| entry.1)
    }

    pub(super) fn result(self) -> Type {
        self.entry().map_or(Type::Text, |entry| entry.4)
    }

    pub(super) fn name(self) -> &'static str {
        self.entry().map_or("", |entry| entry.0)
    }

    /// Whether a call may have a number of arguments.
    pub(super) fn takes(self, arguments: usize) -> bool {
        self.entry().is_some_and(|entry| (entry.2..=entry.3).contains(&arguments))
    }

    /// Whether its arguments must be nodes; other functions convert them.
    pub(super) fn takes_nodes(self) -> bool {
        matches!(self, Function::Count | Function::LocalName | Function::Name | Function::NamespaceUri | Function::Sum)
    }

    fn entry(self) -> Option<&'static Signature> {
        FUNCTIONS.iter().find(|entry| entry.1 == self)
    }
}
