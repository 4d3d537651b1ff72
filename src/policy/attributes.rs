//! The attributes of every policy's root element (docs/apigee-semantics.md 1.1).

use super::kind::PolicyKind;
use super::variable::Variable;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use crate::suggestion;
use bytestring::ByteString;

/// The attributes of every policy. `async` has no effect.
const COMMON: [&str; 4] = ["name", "async", "continueOnError", "enabled"];

/// Maximum length of a name in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Common attributes of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The policy type.
    pub kind: &'static PolicyKind,
    /// The policy's name in steps, variables and fault strings.
    pub name: ByteString,
    /// Whether the flow continues after a failure.
    pub continue_on_error: bool,
    /// Whether steps run the policy.
    pub enabled: bool,
    /// The variable with the result, true after a failure: `servicecallout.NAME.failed`
    /// (docs/apigee-semantics.md 11.1).
    pub failed: ByteString,
}

impl Attributes {
    /// Reads the attributes. The name becomes the subject of further diagnostics. `async` is accepted without effect.
    pub fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Attributes {
        let name = root.attribute("name").unwrap_or_default().trim();
        if name.is_empty() {
            let element = root.name();
            diagnostics.error(
                Code::MissingName,
                root.position(),
                format!("Required attribute name is missing in {element}"),
            );
        } else {
            diagnostics.set_subject(name);
            if !is_name(name) {
                diagnostics.error(
                    Code::InvalidName,
                    root.attribute_position("name"),
                    format!("a policy name has at most {MAX_NAME_BYTES} letters, digits, spaces and the characters - _ . $ %"),
                );
            }
        }
        for ignored in root.children_named("FaultRules").filter(|rules| rules.children().next().is_some()) {
            diagnostics.warning(Code::NoEffect, ignored.position(), "FaultRules inside a policy have no effect");
        }
        let kind = PolicyKind::of_root(root.name());
        if kind.is_supported() {
            warn_unknown_attributes(root, &[&COMMON[..], kind.attributes].concat(), diagnostics);
        }
        Attributes {
            kind,
            failed: format!("{}.{name}.failed", kind.variables).into(),
            name: name.into(),
            continue_on_error: boolean_attribute(root, "continueOnError", false, diagnostics),
            enabled: boolean_attribute(root, "enabled", true, diagnostics),
        }
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES && name.chars().all(|c| c.is_ascii_alphanumeric() || " -_.$%".contains(c))
}

/// Reads an attribute that is `true` or `false` in any case; any other text means the default. `[inferred]`
pub(super) fn boolean_attribute(
    element: Element<'_, '_>,
    name: &str,
    default: bool,
    diagnostics: &mut Diagnostics,
) -> bool {
    let Some(text) = element.attribute(name) else { return default };
    parse_boolean(text).unwrap_or_else(|| {
        let message = format!("{name} must be true or false, got {text:?}; {default} is used");
        diagnostics.warning(Code::InvalidBoolean, element.attribute_position(name), message);
        default
    })
}

/// Reads a child element that is `true` or `false` in any case; any other text means the default. `[inferred]`
pub(super) fn boolean_child(
    element: Element<'_, '_>,
    name: &str,
    default: bool,
    diagnostics: &mut Diagnostics,
) -> bool {
    let Some(child) = single_child(element, name, diagnostics) else { return default };
    warn_unknown_attributes(child, &[], diagnostics);
    let text = child.text();
    parse_boolean(&text).unwrap_or_else(|| {
        if !text.is_empty() {
            let message = format!("{name} must be true or false, got {text:?}; {default} is used");
            diagnostics.warning(Code::InvalidBoolean, child.position(), message);
        }
        default
    })
}

fn parse_boolean(text: &str) -> Option<bool> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The first child with a name, with a warning when there are more (docs/apigee-semantics.md 1.2). `[inferred]`
pub(super) fn single_child<'a, 'input>(
    element: Element<'a, 'input>,
    name: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Element<'a, 'input>> {
    let mut children = element.children_named(name);
    let first = children.next();
    if let Some(second) = children.next() {
        diagnostics.warning(Code::DuplicateElement, second.position(), format!("duplicate {name}; the first is used"));
    }
    first
}

/// The variable that the attribute `ref` of an element names.
pub(super) fn reference_of(element: Element<'_, '_>) -> Option<Variable> {
    // The documentation writes `ref="{variable}"` in some places and `ref="variable"` in others. `[inferred]`
    let text = element.attribute("ref")?.trim();
    let name = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text).trim();
    (!name.is_empty()).then(|| Variable::new(name))
}

/// Warns about unknown children (docs/apigee-semantics.md 1.2). `[inferred]`
pub(super) fn warn_unknown_children(element: Element<'_, '_>, known: &[&str], diagnostics: &mut Diagnostics) {
    for child in element.children().filter(|child| !known.contains(&child.name())) {
        warn_ignored(child, element, known, diagnostics);
    }
}

/// Warns about an unknown child. `known` are the names of the known ones.
pub(super) fn warn_ignored(
    child: Element<'_, '_>,
    parent: Element<'_, '_>,
    known: &[&str],
    diagnostics: &mut Diagnostics,
) {
    let hint = suggestion::hint(child.name(), known.iter().copied());
    let message = format!("unknown element {} in {} is ignored{hint}", child.name(), parent.name());
    diagnostics.warning(Code::UnknownElement, child.position(), message);
}

/// Warns about attributes that are not known (docs/apigee-semantics.md 1.2). Those with a prefix are of other languages,
/// such as XML Schema.
pub(super) fn warn_unknown_attributes(element: Element<'_, '_>, known: &[&str], diagnostics: &mut Diagnostics) {
    for (name, position) in element.unprefixed_attributes().filter(|(name, _)| !known.contains(name)) {
        let hint = suggestion::hint(name, known.iter().copied());
        let message = format!("unknown attribute {name} in {} is ignored{hint}", element.name());
        diagnostics.warning(Code::UnknownAttribute, position, message);
    }
}

/// The text of a child with a name. Warns about attributes, which such a child does not have.
pub(super) fn text_child(element: Element<'_, '_>, name: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let child = single_child(element, name, diagnostics)?;
    warn_unknown_attributes(child, &[], diagnostics);
    Some(child.text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::xml::Document;

    fn parse(text: &str) -> (Attributes, Vec<String>) {
        let document = Document::parse(text).unwrap();
        let mut diagnostics = Diagnostics::about("policies[0]");
        let attributes = Attributes::parse(document.root(), &mut diagnostics);
        (attributes, diagnostics.into_vec().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn defaults_and_cases() {
        let (attributes, problems) = parse("<P name=' LC.Lookup Token ' continueOnError='TRUE' async='true'/>");
        assert_eq!(attributes.name, "LC.Lookup Token");
        assert!(attributes.continue_on_error && attributes.enabled);
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn problems_are_reported() {
        assert_eq!(
            parse("<P/>").1,
            ["policies[0], line 1, column 1: MissingName: Required attribute name is missing in P"]
        );
        assert_eq!(
            parse("<P name='a/b'/>").1,
            [
                "a/b, line 1, column 4: a policy name has at most 255 letters, digits, spaces and the characters - _ . $ %"
            ]
        );
        let (attributes, problems) = parse("<P name='a' enabled='yes'><FaultRules><FaultRule/></FaultRules></P>");
        assert!(attributes.enabled);
        assert_eq!(
            problems,
            [
                "a, line 1, column 27: FaultRules inside a policy have no effect",
                "a, line 1, column 13: enabled must be true or false, got \"yes\"; true is used"
            ]
        );
    }

    /// The unknown attributes of a document, with their positions.
    fn unknown(text: &str) -> Vec<String> {
        let problems = crate::policy::Policy::parse(text, "policies[0]").1.into_iter();
        problems.filter(|problem| problem.code == Code::UnknownAttribute).map(|problem| problem.to_string()).collect()
    }

    #[test]
    fn unknown_attributes_have_a_suggestion() {
        let key = |attributes: &str| {
            format!(
                "<LookupCache name='P'><CacheKey><KeyFragment {attributes}/></CacheKey><AssignTo>v</AssignTo></LookupCache>"
            )
        };
        let cases = [
            (key("reff='path.sku'"), "P, line 1, column 46: unknown attribute reff in KeyFragment is ignored; did you mean ref?"),
            (key("value='path.sku'"), "P, line 1, column 46: unknown attribute value in KeyFragment is ignored"),
            ("<AssignMessage nmae='P'/>".to_owned(), "policies[0], line 1, column 16: unknown attribute nmae in AssignMessage is ignored; did you mean name?"),
            (
                "<ServiceCallout name='P'><Request variabel='r'/></ServiceCallout>".to_owned(),
                "P, line 1, column 35: unknown attribute variabel in Request is ignored; did you mean variable?",
            ),
            (
                "<ServiceCallout name='P'><Request clearPaylod='false'/></ServiceCallout>".to_owned(),
                "P, line 1, column 35: unknown attribute clearPaylod in Request is ignored; did you mean clearPayload?",
            ),
            (
                "<ServiceCallout name='P'><Request><Set><Headers><Header nmae='x'>1</Header></Headers></Set></Request></ServiceCallout>".to_owned(),
                "P, line 1, column 57: unknown attribute nmae in Header is ignored; did you mean name?",
            ),
            (
                "<AssignMessage name='P'><Set><Payload content-Type='text/plain'>x</Payload></Set></AssignMessage>".to_owned(),
                "P, line 1, column 39: unknown attribute content-Type in Payload is ignored; did you mean contentType?",
            ),
            (
                "<AssignMessage name='P'><AssignVariable><Name>a</Name><Value ref='b'/></AssignVariable></AssignMessage>".to_owned(),
                "P, line 1, column 62: unknown attribute ref in Value is ignored",
            ),
            (
                "<AssignMessage name='P'><Copy sorce='request'/></AssignMessage>".to_owned(),
                "P, line 1, column 31: unknown attribute sorce in Copy is ignored; did you mean source?",
            ),
            (
                "<KeyValueMapOperations name='P' mapIdentifer='m'><Get asignTo='v'><Key><Parameter>k</Parameter></Key></Get></KeyValueMapOperations>".to_owned(),
                "P, line 1, column 33: unknown attribute mapIdentifer in KeyValueMapOperations is ignored; did you mean mapIdentifier?\n\
                 P, line 1, column 55: unknown attribute asignTo in Get is ignored; did you mean assignTo?",
            ),
            (
                "<VerifyJWT name='P'><Algorithm>HS256</Algorithm><SecretKey><Value reff='private.k'/></SecretKey></VerifyJWT>".to_owned(),
                "P, line 1, column 67: unknown attribute reff in Value is ignored; did you mean ref?",
            ),
            (
                "<DecodeJWT name='P'><IgnoreUnresolvedVariables ref='x'>true</IgnoreUnresolvedVariables></DecodeJWT>".to_owned(),
                "P, line 1, column 48: unknown attribute ref in IgnoreUnresolvedVariables is ignored",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(unknown(&text).join("\n"), expected, "{text}");
        }
    }

    #[test]
    fn attributes_that_apigee_knows_are_accepted() {
        let cases = [
            "<ServiceCallout xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:noNamespaceSchemaLocation='p.xsd' \
             async='false' continueOnError='false' enabled='true' name='P'><Request clearPayload='true' variable='r'/>\
             </ServiceCallout>",
            "<AssignMessage name='P'><AssignTo createNew='true' transport='http' type='request'/><Set><Payload \
             contentType='a/b' variablePrefix='{' variableSuffix='}'/></Set></AssignMessage>",
            "<ExtractVariables name='P'><Source clearPayload='false'>request</Source><URIPath name='p'><Pattern \
             ignoreCase='true'>/{a}</Pattern></URIPath><Variable name='v' type='string'><Pattern>{b}</Pattern></Variable>\
             <XMLPayload stopPayloadProcessing='false'><Namespaces><Namespace prefix='n'>u</Namespace></Namespaces><Variable \
             name='v' type='string'><XPath>/a</XPath></Variable></XMLPayload></ExtractVariables>",
            "<PopulateCache name='P'><CacheKey><Prefix type='string' ref='p'/><KeyFragment ref='k' type='string'/></CacheKey>\
             <ExpirySettings><TimeoutInSeconds ref='t'>5</TimeoutInSeconds></ExpirySettings><Source>s</Source></PopulateCache>",
            "<KeyValueMapOperations name='P' mapIdentifier='m'><Get assignTo='v' index='1'><Key><Parameter ref='k'/></Key></Get>\
             <Put override='true'><Key><Parameter>k</Parameter></Key><Value ref='v'/></Put></KeyValueMapOperations>",
            "<Javascript name='P' timeLimit='200'/>",
        ];
        for text in cases {
            assert_eq!(unknown(text), [""; 0], "{text}");
        }
    }
}
