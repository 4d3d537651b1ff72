//! `<URL>` of an HTTPTargetConnection (docs/apigee-semantics.md 2.4).

use super::origin::{Origin, Scheme};
use super::template::{Part, Syntax, Template};
use super::template_of;
use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;

/// A callout's URL with its variables.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetUrl {
    /// The whole URL.
    pub template: Template,
    /// Its origin, if it does not depend on variables.
    pub origin: Option<Origin>,
    /// The position in the document.
    pub position: Position,
}

impl TargetUrl {
    /// Reads the element. A scheme from a variable and one other than HTTP are errors. A text without a scheme is a
    /// warning: every call fails unless `servicecallout.NAME.target.url` replaces the URL.
    pub(super) fn parse(url: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<TargetUrl> {
        let text = url.text();
        let template = template_of(url, &text, Syntax::URL, diagnostics)?;
        let Some(Part::Literal(start)) = template.parts().first() else {
            diagnostics.error(
                Code::InvalidUrl,
                url.position(),
                "the protocol of a URL, http:// or https://, cannot come from a variable",
            );
            return None;
        };
        if let Some(scheme) = other_scheme(start) {
            let message = format!("the protocol of a URL must be http:// or https://, got {scheme}://");
            diagnostics.error(Code::InvalidUrl, url.position(), message);
            return None;
        }
        let Some((_, rest)) = Scheme::split(start) else {
            diagnostics.warning(
                Code::UnreachableUrl,
                url.position(),
                format!("{text:?} does not start with http:// or https://; calls fail with Host not reachable"),
            );
            return Some(TargetUrl { template, origin: None, position: url.position() });
        };
        let end = rest.find(['/', '?', '#']);
        let is_fixed = end.is_some() || template.parts().len() == 1;
        let authority = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let origin = fixed_origin(&template);
        if is_fixed && origin.is_none() {
            diagnostics.warning(
                Code::UnreachableUrl,
                url.position(),
                format!("{authority:?} is not a host with an optional port; calls fail with Host not reachable"),
            );
        }
        Some(TargetUrl { template, origin, position: url.position() })
    }
}

/// The scheme at the start of a URL, if it is not HTTP.
fn other_scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character));
    (is_scheme && Scheme::split(text).is_none()).then_some(scheme)
}

/// The origin of a URL, if it does not depend on variables.
pub fn fixed_origin(url: &Template) -> Option<Origin> {
    let Some(Part::Literal(start)) = url.parts().first() else { return None };
    let (scheme, rest) = Scheme::split(start.trim_start())?;
    let end = rest.find(['/', '?', '#']);
    let is_fixed = end.is_some() || url.parts().len() == 1;
    let authority = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    Origin::new(scheme, authority).filter(|_| is_fixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::xml::Document;

    fn parse(url: &str) -> (Option<Option<String>>, Vec<String>) {
        let text = format!("<URL>{url}</URL>");
        let document = Document::parse(&text).unwrap();
        let mut diagnostics = Diagnostics::about("SC");
        let parsed = TargetUrl::parse(document.root(), &mut diagnostics);
        let origin = parsed.map(|url| url.origin.map(|origin| origin.to_string()));
        (origin, diagnostics.into_vec().into_iter().map(|diagnostic| diagnostic.message).collect())
    }

    #[test]
    fn the_origin_is_known_without_variables_in_it() {
        let fixed = [
            ("http://maps.googleapis.com/maps/api/geocode/json", "http://maps.googleapis.com"),
            ("  https://Example.com:8443  ", "https://example.com:8443"),
            ("http://example.com?w=${request.header.woeid}", "http://example.com"),
            ("http://example.com/{request.resourcePath}", "http://example.com"),
        ];
        for (url, origin) in fixed {
            assert_eq!(parse(url), (Some(Some(origin.to_owned())), vec![]), "{url}");
        }
        for url in ["http://{request.dom_port}/x", "https://{tenant}.example.com/", "http://example.com{path}"] {
            assert_eq!(parse(url), (Some(None), vec![]), "{url}");
        }
    }

    #[test]
    fn a_scheme_from_a_variable_is_an_error_and_a_missing_one_a_warning() {
        for url in ["{targeturl}", "{protocol:https}://{site}/path"] {
            let (parsed, problems) = parse(url);
            assert_eq!(parsed, None, "{url}");
            assert_eq!(problems, ["the protocol of a URL, http:// or https://, cannot come from a variable"]);
        }
        for (url, scheme) in
            [("ftp://a.test/x", "ftp"), ("ws://{host}", "ws"), ("HTTPX://a", "HTTPX"), ("h2c+x://", "h2c+x")]
        {
            let (parsed, problems) = parse(url);
            assert_eq!(parsed, None, "{url}");
            assert_eq!(problems, [format!("the protocol of a URL must be http:// or https://, got {scheme}://")]);
        }
        let (parsed, problems) = parse("replaced_by_config_json");
        assert_eq!(parsed, Some(None));
        assert_eq!(
            problems,
            ["\"replaced_by_config_json\" does not start with http:// or https://; calls fail with Host not reachable"]
        );
        assert_eq!(parse("http://a b/").1.len(), 1);
    }
}
