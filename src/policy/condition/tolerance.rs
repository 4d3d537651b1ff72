//! Mistakes of published conditions that have one sensible reading (docs/apigee-semantics.md 7.2).

use std::fmt;

/// A tolerated mistake and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tolerated {
    /// The column in characters, from 1. A line break counts as one character.
    pub column: usize,
    /// The mistake.
    pub mistake: Mistake,
}

/// The tolerated mistakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A parenthesis that the end of the condition closes.
    NotClosed,
    /// `and` or `or` without a comparison after it.
    Dangling(String),
    /// `not` before a symbol, such as `Not ~`.
    NegatedSymbol {
        /// The word as it is written.
        word: String,
        /// The symbol.
        symbol: &'static str,
    },
    /// `/~` instead of `~/`.
    ReversedMatchesPath,
}

/// Writes the mistake and its reading, without the column.
impl fmt::Display for Tolerated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.mistake {
            Mistake::NotClosed => {
                formatter.write_str("this parenthesis is not closed; the end of the condition closes it")
            }
            Mistake::Dangling(word) => write!(formatter, "no comparison follows {word}; it is ignored"),
            Mistake::NegatedSymbol { word, symbol } => {
                write!(formatter, "{word} {symbol} is not an operator; it is read as the negation of {symbol}")
            }
            Mistake::ReversedMatchesPath => formatter.write_str("/~ is not an operator; it is read as ~/"),
        }
    }
}
