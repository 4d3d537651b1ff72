//! The replacement of `replaceAll` and `replaceFirst`: `$1`, `${name}` and `\` in front of a character.

/// A stretch of a replacement.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    /// Text that is written as it is.
    Text(String),
    /// The text of a group; nothing when the group took no part.
    Group(usize),
}

/// Reads a replacement. `None` where Java throws: a `$` or `\` that stands alone, or a group that does not exist.
pub(super) fn parse(replacement: &str, groups: usize, names: &[(String, usize)]) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = replacement.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => text.push(rest.next()?),
            '$' => {
                let group = if rest.as_str().starts_with('{') {
                    let (name, behind) = rest.as_str().strip_prefix('{')?.split_once('}')?;
                    rest = behind.chars();
                    names.iter().find(|(known, _)| known == name)?.1
                } else {
                    number(&mut rest, groups)?
                };
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Group(group));
            }
            character => text.push(character),
        }
    }
    pieces.push(Piece::Text(text));
    Some(pieces)
}

/// The digits of a group's number: as many as name a group, and at least one.
fn number(rest: &mut std::str::Chars<'_>, groups: usize) -> Option<usize> {
    let digit = |character: char| character.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
    let mut group = rest.next().and_then(digit).filter(|group| *group <= groups)?;
    loop {
        let mut behind = rest.clone();
        let longer = behind.next().and_then(digit).map(|digit| group.saturating_mul(10).saturating_add(digit));
        match longer.filter(|longer| *longer <= groups) {
            Some(longer) => {
                group = longer;
                *rest = behind;
            }
            None => return Some(group),
        }
    }
}
