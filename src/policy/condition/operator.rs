//! The operators (docs/apigee-semantics.md 7.1).

use crate::suggestion;

/// An operator that compares two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `:=`
    EqualIgnoringCase,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=|`
    StartsWith,
}

/// An operator that matches a value with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// `~`
    Matches,
    /// `!~`
    NotMatches,
    /// `~/`
    MatchesPath,
    /// `~~`
    JavaRegex,
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Comparison(Comparison),
    Matching(Matching),
}

const fn comparing(comparison: Comparison) -> Operator {
    Operator::Comparison(comparison)
}

const fn matching(matching: Matching) -> Operator {
    Operator::Matching(matching)
}

/// A symbol comes before its prefixes.
const SYMBOLS: [(&str, Operator); 13] = [
    (":=", comparing(Comparison::EqualIgnoringCase)),
    ("=|", comparing(Comparison::StartsWith)),
    ("!=", comparing(Comparison::NotEqual)),
    ("!~", matching(Matching::NotMatches)),
    ("==", comparing(Comparison::Equal)),
    ("=", comparing(Comparison::Equal)),
    (">=", comparing(Comparison::GreaterOrEqual)),
    (">", comparing(Comparison::Greater)),
    ("<=", comparing(Comparison::LessOrEqual)),
    ("<", comparing(Comparison::Less)),
    ("~~", matching(Matching::JavaRegex)),
    ("~/", matching(Matching::MatchesPath)),
    ("~", matching(Matching::Matches)),
];

const WORDS: [(&str, Operator); 15] = [
    ("Equals", comparing(Comparison::Equal)),
    ("Is", comparing(Comparison::Equal)),
    ("NotEquals", comparing(Comparison::NotEqual)),
    ("IsNot", comparing(Comparison::NotEqual)),
    ("EqualsCaseInsensitive", comparing(Comparison::EqualIgnoringCase)),
    ("GreaterThan", comparing(Comparison::Greater)),
    ("GreaterThanOrEquals", comparing(Comparison::GreaterOrEqual)),
    ("LesserThan", comparing(Comparison::Less)),
    ("LesserThanOrEquals", comparing(Comparison::LessOrEqual)),
    ("JavaRegex", matching(Matching::JavaRegex)),
    ("Matches", matching(Matching::Matches)),
    ("Like", matching(Matching::Matches)),
    ("MatchesPath", matching(Matching::MatchesPath)),
    ("LikePath", matching(Matching::MatchesPath)),
    ("StartsWith", comparing(Comparison::StartsWith)),
];

impl Operator {
    /// The operator whose symbol is a prefix of the text, with the symbol.
    pub(super) fn symbol_at(text: &str) -> Option<(&'static str, Operator)> {
        SYMBOLS.into_iter().find(|(symbol, _)| text.starts_with(symbol))
    }

    /// Finds an operator by its name, in any case.
    pub(super) fn named(word: &str) -> Option<Operator> {
        WORDS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, operator)| operator)
    }

    /// The name of the operator that a misspelt word may mean.
    pub(super) fn similar(word: &str) -> Option<&'static str> {
        suggestion::nearest(word, WORDS.map(|(name, _)| name))
    }

    /// The symbol in canonical conditions.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Operator::Comparison(Comparison::Equal) => "=",
            Operator::Comparison(Comparison::NotEqual) => "!=",
            Operator::Comparison(Comparison::EqualIgnoringCase) => ":=",
            Operator::Comparison(Comparison::Greater) => ">",
            Operator::Comparison(Comparison::GreaterOrEqual) => ">=",
            Operator::Comparison(Comparison::Less) => "<",
            Operator::Comparison(Comparison::LessOrEqual) => "<=",
            Operator::Comparison(Comparison::StartsWith) => "=|",
            Operator::Matching(Matching::Matches) => "~",
            Operator::Matching(Matching::NotMatches) => "!~",
            Operator::Matching(Matching::MatchesPath) => "~/",
            Operator::Matching(Matching::JavaRegex) => "~~",
        }
    }
}
