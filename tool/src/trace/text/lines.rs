//! Texts in lines of limited length.

/// Maximum number of lines of a body.
const MAX_LINES: usize = 12;

/// A text that ends with a value of `size` bytes, in one line of at most `columns` characters. A longer text is cut and
/// ends with the size of the value.
pub(super) fn cut(text: &str, size: usize, columns: usize) -> String {
    let line = visible(text);
    if line.chars().count() <= columns {
        return line;
    }
    let end = format!("… ({size} bytes)");
    let kept = columns.saturating_sub(end.chars().count());
    line.chars().take(kept).chain(end.chars()).collect()
}

/// A text in lines of at most `columns` characters, wrapped at spaces if possible.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let line = visible(text);
    let mut rest = line.as_str();
    let mut lines = Vec::new();
    loop {
        let end = rest.char_indices().nth(columns.max(1)).map_or(rest.len(), |(at, _)| at);
        let Some((all, after)) = rest.split_at_checked(end).filter(|(_, after)| !after.is_empty()) else {
            lines.push(rest.to_owned());
            return lines;
        };
        let space = all.rfind(' ').filter(|at| *at > end / 2);
        let (now, later) = space.and_then(|at| rest.split_at_checked(at)).unwrap_or((all, after));
        lines.push(now.to_owned());
        rest = later.strip_prefix(' ').filter(|_| space.is_some()).unwrap_or(later);
    }
}

/// The first lines of a body, and its size when lines are omitted.
pub(super) fn body_lines(body: &str, columns: usize) -> Vec<String> {
    let lines = body.lines().flat_map(|line| wrapped(&line.replace('\t', "  "), columns));
    let mut lines: Vec<String> = lines.take(MAX_LINES.saturating_add(1)).collect();
    if lines.len() > MAX_LINES {
        lines.truncate(MAX_LINES);
        lines.push(format!("… ({} bytes in total)", body.len()));
    }
    lines
}

/// The text with escaped control characters.
fn visible(text: &str) -> String {
    let mut line = String::new();
    for character in text.chars() {
        match character {
            character if character.is_control() => line.extend(character.escape_default()),
            // These characters reverse the rest of the line.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => line.extend(character.escape_unicode()),
            character => line.push(character),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_cut_to_the_columns() {
        assert_eq!(cut("a\nb\u{1b}[1m\u{202e}", 1, 40), "a\\nb\\u{1b}[1m\\u{202e}");
        let long = "é".repeat(60);
        let line = cut(&long, 120, 40);
        assert_eq!((line.chars().count(), line), (40, format!("{}… (120 bytes)", "é".repeat(27))));
        assert_eq!(cut(&long, 120, 60), long);
        assert_eq!(cut(&format!("name = {long}"), 120, 40), format!("name = {}… (120 bytes)", "é".repeat(20)));
    }

    #[test]
    fn a_text_is_wrapped_without_loss() {
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped("0123456789", 10), ["0123456789"]);
        assert_eq!(wrapped("0123456 89 x", 10), ["0123456", "89 x"]);
        assert_eq!(wrapped("éééééééééééé", 10), ["éééééééééé", "éé"]);
        assert_eq!(wrapped("a bcdefghijklmno", 10), ["a bcdefghi", "jklmno"]);
    }

    #[test]
    fn a_long_body_is_cut() {
        assert_eq!(body_lines("", 80), [] as [&str; 0]);
        assert_eq!(body_lines("a\n\tb\n", 80), ["a", "  b"]);
        let lines = body_lines(&"x\n".repeat(20), 80);
        assert_eq!((lines.len(), lines.last().map(String::as_str)), (13, Some("… (40 bytes in total)")));
    }
}
