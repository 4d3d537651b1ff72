//! The AssignMessage policy (docs/apigee-semantics.md 3).

use super::PolicyData;
use super::action::{Action, Assignment, Field, Grammar, VARIABLE_ACTIONS, parse_actions};
use super::attributes::{Attributes, boolean_child, single_child, warn_ignored, warn_unknown_attributes};
use super::usage::Read;
use super::variable::MessagePart;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;
use bytestring::ByteString;

/// A checked AssignMessage.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignMessage {
    /// Name and switches.
    pub attributes: Attributes,
    /// The target message.
    pub assign_to: AssignTo,
    /// Whether an unresolved variable counts as empty text.
    pub ignore_unresolved: bool,
    /// The actions, in document order.
    pub actions: Vec<Action>,
}

/// `AssignTo`; the default is the ambient message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssignTo {
    /// The message's name; the ambient message when absent.
    pub variable: Option<ByteString>,
    /// `createNew`, if given.
    pub create_new: Option<bool>,
    /// `type`, if given.
    pub kind: Option<MessageKind>,
}

/// The type of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A request.
    Request,
    /// A response.
    Response,
}

impl MessageKind {
    /// The name of the flow's message of this type.
    pub fn flow_message(self) -> &'static str {
        match self {
            MessageKind::Request => "request",
            MessageKind::Response => "response",
        }
    }
}

impl AssignMessage {
    /// Reads and checks a policy. The diagnostics contain all errors.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> AssignMessage {
        let attributes = Attributes::parse(root, diagnostics);
        let assign_to = AssignTo::parse(single_child(root, "AssignTo", diagnostics), diagnostics);
        let ignore_unresolved = boolean_child(root, "IgnoreUnresolvedVariables", false, diagnostics);
        let mut actions = Vec::new();
        let inert = ["AssignTo", "IgnoreUnresolvedVariables", "DisplayName", "Description", "Properties", "FaultRules"];
        for child in root.children().filter(|child| !inert.contains(&child.name())) {
            match parse_actions(child, Grammar::MessageAndVariables, "AssignMessage", diagnostics) {
                Some(parsed) => actions.extend(parsed),
                None => warn_ignored(child, root, &[&inert, VARIABLE_ACTIONS].concat(), diagnostics),
            }
        }
        AssignMessage { attributes, assign_to, ignore_unresolved, actions }
    }
}

impl PolicyData for AssignMessage {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        let target = match &self.assign_to.variable {
            Some(variable) => names.contains(&&**variable),
            None => names.contains(&"message"),
        };
        self.assign_to.replaces_body(names) || self.actions.iter().any(|action| action.uses_body(names, target))
    }

    fn sets_request_body(&self) -> bool {
        let is_request = match (&self.assign_to.variable, self.assign_to.kind) {
            (Some(variable), _) => matches!(&**variable, "request" | "message"),
            (None, kind) => kind != Some(MessageKind::Response),
        };
        let is_body = |action: &Action| match action {
            Action::Set(Assignment::Payload { content, .. }) => !content.parts().is_empty(),
            Action::Set(Assignment::Part(MessagePart::FormParam(..), _)) | Action::Add(Field::FormParam, ..) => true,
            _ => false,
        };
        is_request && self.actions.iter().any(is_body)
    }

    fn actions(&self) -> &[Action] {
        &self.actions
    }

    fn reads(&self) -> Vec<Read<'_>> {
        Vec::new()
    }

    fn made(&self) -> Vec<&str> {
        self.assign_to.variable.as_deref().into_iter().collect()
    }
}

impl AssignTo {
    /// Whether the policy creates the message with one of these names, before it is sent: `message` is one of its
    /// names then. In the error flow, where `error` is a name too, the new message is the pending response.
    fn replaces_body(&self, names: &[&str]) -> bool {
        let name = match (&self.variable, self.kind) {
            (Some(variable), _) => variable,
            (None, Some(kind)) => kind.flow_message(),
            (None, None) => "message",
        };
        let is_sent = names.contains(&"message") && !names.contains(&"error");
        self.create_new == Some(true) && is_sent && names.contains(&name)
    }

    fn parse(element: Option<Element<'_, '_>>, diagnostics: &mut Diagnostics) -> AssignTo {
        let Some(element) = element else { return AssignTo::default() };
        warn_unknown_attributes(element, &["createNew", "transport", "type"], diagnostics);
        let create_new = match element.attribute("createNew").map(str::trim) {
            Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Some(text) if !text.is_empty() => {
                let message = format!("createNew must be true or false, got {text:?}; it is ignored");
                diagnostics.warning(Code::InvalidBoolean, element.attribute_position("createNew"), message);
                None
            }
            _ => None,
        };
        let kind = match element.attribute("type").map(str::trim) {
            Some("request") => Some(MessageKind::Request),
            Some("response") => Some(MessageKind::Response),
            Some(text) if !text.is_empty() => {
                let message = format!("type must be request or response, got {text:?}; it is ignored");
                diagnostics.warning(Code::InvalidAttribute, element.attribute_position("type"), message);
                None
            }
            _ => None,
        };
        if let Some(transport) =
            element.attribute("transport").map(str::trim).filter(|text| !text.is_empty() && *text != "http")
        {
            let message = format!("transport must be http, got {transport:?}; Apigee X rejects it at import");
            diagnostics.warning(Code::InvalidAttribute, element.attribute_position("transport"), message);
        }
        let variable = Some(element.text()).filter(|name| !name.is_empty()).map(ByteString::from);
        AssignTo { variable, create_new, kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::xml::Document;

    fn parse(content: &str) -> (AssignMessage, Vec<String>) {
        let text = format!("<AssignMessage name='AM'>{content}</AssignMessage>");
        let document = Document::parse(&text).unwrap();
        let mut diagnostics = Diagnostics::about("policies[0]");
        let policy = AssignMessage::parse(document.root(), &mut diagnostics);
        (policy, diagnostics.into_vec().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_target_is_named_or_ambient() {
        let cases = [
            ("", AssignTo::default()),
            ("<AssignTo/>", AssignTo::default()),
            (
                "<AssignTo createNew='true' transport='http' type='response'/>",
                AssignTo { variable: None, create_new: Some(true), kind: Some(MessageKind::Response) },
            ),
            (
                "<AssignTo createNew='false' type='request'> partner.request </AssignTo>",
                AssignTo {
                    variable: Some("partner.request".into()),
                    create_new: Some(false),
                    kind: Some(MessageKind::Request),
                },
            ),
        ];
        for (content, expected) in cases {
            assert_eq!(parse(content).0.assign_to, expected, "{content}");
        }
    }

    #[test]
    fn actions_keep_their_order_around_everything_else() {
        let (policy, problems) = parse(
            "<AssignVariable><Name>a</Name><Value>1</Value></AssignVariable><Set><Verb>GET</Verb></Set>
             <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables><Remove/><AssignTo>x</AssignTo><Copy/>",
        );
        assert!(problems.is_empty(), "{problems:?}");
        assert!(policy.ignore_unresolved);
        let kinds: Vec<&str> = policy
            .actions
            .iter()
            .map(|action| match action {
                Action::Set(_) => "Set",
                Action::Add(..) => "Add",
                Action::Copy(_) => "Copy",
                Action::Remove(_) => "Remove",
                Action::AssignVariable(_) => "AssignVariable",
                Action::Authenticate(_) => "Authentication",
            })
            .collect();
        assert_eq!(kinds, ["AssignVariable", "Set", "Remove", "Copy"]);
    }

    #[test]
    fn oddities_are_warnings() {
        let (_, problems) = parse("<AssignTo transport='https'/>");
        assert_eq!(
            problems,
            ["AM, line 1, column 36: transport must be http, got \"https\"; Apigee X rejects it at import"]
        );
        let (_, problems) = parse("<AssignTo createNew='maybe' type='responset'/><Path>/a</Path>");
        assert_eq!(
            problems,
            [
                "AM, line 1, column 36: createNew must be true or false, got \"maybe\"; it is ignored",
                "AM, line 1, column 54: type must be request or response, got \"responset\"; it is ignored",
                "AM, line 1, column 72: unknown element Path in AssignMessage is ignored",
            ]
        );
    }

    #[test]
    fn actions_on_a_body_use_it() {
        let uses = |content: &str| parse(content).0.uses_body(&["request", "message"]);
        assert!(!uses("<Set><Headers><Header name='a'>{request.header.b}</Header></Headers></Set>"));
        assert!(uses("<Set><Payload>x</Payload></Set>"));
        assert!(!uses("<AssignTo>other</AssignTo><Set><Payload>x</Payload></Set>"));
        assert!(uses("<AssignTo>other</AssignTo><Copy source='request'/>"));
        assert!(!uses("<AssignTo>other</AssignTo><Copy source='request'><Headers/></Copy>"));
        assert!(uses("<Remove/>") && !uses("<Remove><Headers/></Remove>"));
        assert!(uses("<AssignVariable><Name>a</Name><Ref>request.content</Ref></AssignVariable>"));
        assert!(uses("<AssignVariable><Name>a</Name><Template ref='t'/></AssignVariable>"));
        assert!(!uses("<AssignVariable><Name>a</Name><Ref>response.content</Ref></AssignVariable>"));
    }

    #[test]
    fn a_new_message_has_no_body() {
        let request: [&str; 2] = ["request", "message"];
        let cases: [(&str, &[&str], bool); 10] = [
            ("<AssignTo createNew='true'/>", &request, true),
            ("<AssignTo createNew='true' type='request'/>", &request, true),
            ("<AssignTo createNew='true'>request</AssignTo>", &request, true),
            ("<AssignTo createNew='true'>message</AssignTo>", &request, true),
            ("<AssignTo createNew='true' type='response'/>", &request, false),
            ("<AssignTo createNew='true'>made</AssignTo>", &request, false),
            ("<AssignTo createNew='false'/>", &request, false),
            ("<AssignTo createNew='true'/>", &["response", "message"], true),
            // The client's request has been sent before the response flow.
            ("<AssignTo createNew='true' type='request'/>", &["request"], false),
            ("<AssignTo createNew='true'>request</AssignTo>", &["request"], false),
        ];
        for (content, names, expected) in cases {
            assert_eq!(parse(content).0.uses_body(names), expected, "{content} {names:?}");
        }
    }
}
