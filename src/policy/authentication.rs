//! `<Authentication>`: a Google token for the called service (docs/apigee-semantics.md 2.12).

use super::attributes::{boolean_attribute, single_child, warn_unknown_attributes, warn_unknown_children};
use super::referenced::Referenced;
use crate::diagnostic::{Code, Diagnostics, Position};
use crate::language::xml::Element;

/// A token and its header.
#[derive(Clone, Debug, PartialEq)]
pub struct Authentication {
    /// `HeaderName`; `Authorization` when absent.
    pub header_name: Option<Referenced>,
    /// The token.
    pub token: GoogleToken,
    /// The position in the document.
    pub position: Position,
}

/// The kinds of token.
#[derive(Clone, Debug, PartialEq)]
pub enum GoogleToken {
    /// `GoogleAccessToken`.
    Access {
        /// `Scopes`, without duplicates.
        scopes: Vec<String>,
        /// `LifetimeInSeconds`.
        lifetime: Option<Referenced>,
    },
    /// `GoogleIDToken`.
    Id {
        /// `Audience`.
        audience: Option<Referenced>,
        /// Whether the target URL is the audience if `Audience` is empty.
        use_target_url: bool,
        /// `IncludeEmail`.
        include_email: Option<Referenced>,
    },
}

/// The default of `LifetimeInSeconds`, in seconds.
pub const DEFAULT_LIFETIME: u32 = 3600;

/// Maximum lifetime in seconds that Google grants if the policy of an organization allows it: 12 hours.
pub const MAX_LIFETIME_SECONDS: u32 = 43_200;

impl Authentication {
    /// Reads the element. `None` for an empty one, as in the user interface's template.
    pub(super) fn parse(element: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<Authentication> {
        if element.children().next().is_none() {
            diagnostics.warning(
                Code::EmptyElement,
                element.position(),
                "Authentication is empty: the call carries no token",
            );
            return None;
        }
        warn_unknown_attributes(element, &[], diagnostics);
        warn_unknown_children(element, &["HeaderName", "GoogleAccessToken", "GoogleIDToken"], diagnostics);
        let header_name = single_child(element, "HeaderName", diagnostics);
        let header_name = header_name.and_then(|name| Referenced::parse(name, diagnostics));
        let access = single_child(element, "GoogleAccessToken", diagnostics);
        let token = match (access, single_child(element, "GoogleIDToken", diagnostics)) {
            (Some(access), None) => access_token(access, diagnostics)?,
            (None, Some(id)) => id_token(id, diagnostics)?,
            _ => {
                let message = "Authentication must contain either GoogleAccessToken or GoogleIDToken";
                diagnostics.error(Code::MissingElement, element.position(), message);
                return None;
            }
        };
        Some(Authentication { header_name, token, position: element.position() })
    }

    /// Whether it reads the body of the message with one of these names in its flow.
    pub fn uses_body(&self, names: &[&str]) -> bool {
        let (first, second) = match &self.token {
            GoogleToken::Access { lifetime, .. } => (lifetime, &None),
            GoogleToken::Id { audience, include_email, .. } => (audience, include_email),
        };
        [&self.header_name, first, second].into_iter().flatten().any(|value| value.uses_body(names))
    }
}

fn access_token(element: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<GoogleToken> {
    warn_unknown_attributes(element, &[], diagnostics);
    warn_unknown_children(element, &["Scopes", "LifetimeInSeconds"], diagnostics);
    let listed = single_child(element, "Scopes", diagnostics);
    let mut scopes: Vec<String> = Vec::new();
    let elements = || listed.into_iter().flat_map(|scopes| scopes.children_named("Scope"));
    for element in elements() {
        // One element may contain several scopes, separated by spaces as in OAuth.
        for scope in element.text().split_whitespace() {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
    }
    if scopes.is_empty() {
        diagnostics.error(
            Code::MissingElement,
            element.position(),
            "GoogleAccessToken needs at least one Scope in Scopes",
        );
        return None;
    }
    for empty in elements().filter(|element| element.text().is_empty()) {
        diagnostics.warning(Code::EmptyElement, empty.position(), "Scope is empty and is ignored");
    }
    let lifetime = single_child(element, "LifetimeInSeconds", diagnostics);
    if let Some(element) = lifetime {
        check_lifetime(element, diagnostics);
    }
    let lifetime = lifetime.and_then(|lifetime| Referenced::parse(lifetime, diagnostics));
    Some(GoogleToken::Access { scopes, lifetime })
}

/// Parses a lifetime in seconds.
pub fn lifetime(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|seconds| (1..=MAX_LIFETIME_SECONDS).contains(seconds))
}

fn check_lifetime(element: Element<'_, '_>, diagnostics: &mut Diagnostics) {
    let text = element.text();
    let is_fixed = !text.is_empty() && !text.contains('{');
    if is_fixed && lifetime(&text).is_none() {
        let message = format!("LifetimeInSeconds must be an integer from 1 to {MAX_LIFETIME_SECONDS}, got {text:?}");
        diagnostics.error(Code::InvalidElement, element.position(), message);
    }
}

fn id_token(element: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<GoogleToken> {
    warn_unknown_attributes(element, &[], diagnostics);
    warn_unknown_children(element, &["Audience", "IncludeEmail"], diagnostics);
    let Some(audience) = single_child(element, "Audience", diagnostics) else {
        diagnostics.error(Code::MissingElement, element.position(), "GoogleIDToken needs an Audience");
        return None;
    };
    let use_target_url = boolean_attribute(audience, "useTargetUrl", false, diagnostics);
    let value = Referenced::parse_with(audience, &["useTargetUrl"], diagnostics);
    if value.is_none() && !use_target_url {
        let message = "Audience is empty: every run fails with googletoken.EmptyIDTokenAudience";
        diagnostics.warning(Code::EmptyElement, audience.position(), message);
    }
    let include_email = single_child(element, "IncludeEmail", diagnostics);
    let include_email = include_email.and_then(|include| Referenced::parse(include, diagnostics));
    Some(GoogleToken::Id { audience: value, use_target_url, include_email })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::xml::Document;

    fn parse(content: &str) -> (Option<Authentication>, Vec<String>) {
        let text = format!("<Authentication>{content}</Authentication>");
        let document = Document::parse(&text).unwrap();
        let mut diagnostics = Diagnostics::about("SC");
        let parsed = Authentication::parse(document.root(), &mut diagnostics);
        (parsed, diagnostics.into_vec().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_access_token_has_scopes_and_a_lifetime() {
        let (parsed, problems) = parse(
            "<HeaderName ref='h'>X-Token</HeaderName><GoogleAccessToken><Scopes><Scope>b</Scope><Scope>a b</Scope>\
             </Scopes><LifetimeInSeconds ref='{life}'>1800</LifetimeInSeconds></GoogleAccessToken>",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let parsed = parsed.unwrap();
        assert_eq!(parsed.header_name.unwrap().text.unwrap().to_string(), "X-Token");
        let GoogleToken::Access { scopes, lifetime } = parsed.token else { panic!() };
        assert_eq!(scopes, ["b", "a"]);
        assert_eq!(lifetime.unwrap().reference.unwrap().name(), "life");
    }

    #[test]
    fn an_id_token_has_an_audience() {
        let (parsed, problems) = parse("<GoogleIDToken><Audience useTargetUrl='true'/></GoogleIDToken>");
        assert!(problems.is_empty(), "{problems:?}");
        let expected = GoogleToken::Id { audience: None, use_target_url: true, include_email: None };
        assert_eq!(parsed.unwrap().token, expected);
    }

    #[test]
    fn invalid_elements_are_rejected() {
        let cases = [
            (
                "<HeaderName>X</HeaderName>",
                "SC, line 1, column 1: Authentication must contain either GoogleAccessToken or GoogleIDToken",
            ),
            (
                "<GoogleAccessToken/><GoogleIDToken/>",
                "SC, line 1, column 1: Authentication must contain either GoogleAccessToken or GoogleIDToken",
            ),
            (
                "<GoogleAccessToken><Scopes><Scope/></Scopes></GoogleAccessToken>",
                "SC, line 1, column 17: GoogleAccessToken needs at least one Scope in Scopes",
            ),
            (
                "<GoogleAccessToken><Scopes><Scope>a</Scope></Scopes><LifetimeInSeconds>1h</LifetimeInSeconds>\
                 </GoogleAccessToken>",
                "SC, line 1, column 69: LifetimeInSeconds must be an integer from 1 to 43200, got \"1h\"",
            ),
            ("<GoogleIDToken/>", "SC, line 1, column 17: GoogleIDToken needs an Audience"),
        ];
        for (content, problem) in cases {
            assert_eq!(parse(content).1, [problem], "{content}");
        }
        assert_eq!(parse("").0, None);
    }

    #[test]
    fn empty_elements_are_warned_of() {
        let empty = "SC, line 1, column 1: Authentication is empty: the call carries no token";
        assert_eq!(parse(" <!-- later --> "), (None, vec![empty.to_owned()]));
        let (parsed, problems) =
            parse("<GoogleAccessToken><Scopes><Scope>a</Scope><Scope/><Scope> </Scope></Scopes></GoogleAccessToken>");
        let GoogleToken::Access { scopes, .. } = parsed.unwrap().token else { panic!() };
        assert_eq!(scopes, ["a"]);
        let empty = |column: usize| format!("SC, line 1, column {column}: Scope is empty and is ignored");
        assert_eq!(problems, [empty(60), empty(68)]);
    }
}
