//! A look at the tags of an XML text before it is parsed.

/// What is no tag, though it begins like one, and its end.
const OTHERS: [(&str, &str); 3] = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")];

/// The most attributes that a tag has, counted by their quoted values.
pub(super) fn most_attributes(text: &str) -> usize {
    let mut most = 0;
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        let other = OTHERS.iter().find(|(start, _)| tag.starts_with(start));
        rest = match other {
            Some((_, end)) => tag.split_once(end).map_or("", |(_, behind)| behind),
            None => {
                let (attributes, behind) = attributes(tag);
                most = most.max(attributes);
                behind
            }
        };
    }
    most
}

/// How many quoted values a tag has, and what is behind it.
fn attributes(tag: &str) -> (usize, &str) {
    let mut count = 0_usize;
    let mut rest = tag;
    loop {
        let end = rest.find(['>', '"', '\'']).unwrap_or(rest.len());
        let mut found = rest.get(end..).unwrap_or_default().chars();
        match found.next() {
            None | Some('>') => return (count, found.as_str()),
            Some(quote) => {
                count = count.saturating_add(1);
                rest = found.as_str().split_once(quote).map_or("", |(_, behind)| behind);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_values_in_tags_are_counted() {
        for (text, most) in [
            ("", 0),
            ("<a/>", 0),
            ("<?xml version='1.0' encoding='UTF-8'?><a x='1' y=\"2>\"><b z='<'/></a>", 2),
            ("<a><!-- <b x='1' y='2'> --><![CDATA[<c x='1' y='2' z='3'>]]>\"text\" 'text'<d e='1'/></a>", 1),
            ("<a x='1", 1),
            ("<a x=\"1\" y", 1),
            ("<!-- <a x='1'>", 0),
            ("< < <", 0),
        ] {
            assert_eq!(most_attributes(text), most, "{text}");
        }
    }
}
