//! The BasicAuthentication policy (docs/apigee-semantics.md 12.1).

use super::PolicyData;
use super::attributes::{
    Attributes, boolean_attribute, boolean_child, reference_of, single_child, warn_unknown_attributes,
    warn_unknown_children,
};
use super::usage::Read;
use super::variable::Variable;
use crate::diagnostic::{Code, Diagnostics};
use crate::language::xml::Element;

/// A checked BasicAuthentication.
#[derive(Clone, Debug, PartialEq)]
pub struct BasicAuthentication {
    /// Name and switches.
    pub attributes: Attributes,
    /// Whether an unresolved variable is not a fault; true by default.
    pub ignore_unresolved: bool,
    /// The variable of the user.
    pub user: Variable,
    /// The variable of the password.
    pub password: Variable,
    /// `Operation` with the variable of the credentials.
    pub operation: Operation,
}

/// `Operation`.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Writes the credentials.
    Encode {
        /// `AssignTo`.
        assign_to: Variable,
        /// `createNew`: whether an earlier value is replaced.
        replaces: bool,
    },
    /// Reads the credentials.
    Decode {
        /// `Source`.
        source: Variable,
    },
}

impl BasicAuthentication {
    /// Reads and checks a policy. `None` when it has errors; the diagnostics contain them.
    pub(crate) fn parse(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<BasicAuthentication> {
        let attributes = Attributes::parse(root, diagnostics);
        let known = [
            "DisplayName",
            "Description",
            "Properties",
            "FaultRules",
            "Operation",
            "IgnoreUnresolvedVariables",
            "User",
            "Password",
            "AssignTo",
            "Source",
        ];
        warn_unknown_children(root, &known, diagnostics);
        let ignore_unresolved = boolean_child(root, "IgnoreUnresolvedVariables", true, diagnostics);
        let operation = operation(root, diagnostics);
        let user = reference(root, "User", Code::UserNameRequired, diagnostics);
        let password = reference(root, "Password", Code::PasswordRequired, diagnostics);
        Some(BasicAuthentication {
            attributes,
            ignore_unresolved,
            user: user?,
            password: password?,
            operation: operation?,
        })
    }

    /// The variable to which Encode writes the credentials.
    pub(super) fn encoded(&self) -> Option<&Variable> {
        match &self.operation {
            Operation::Encode { assign_to, .. } => Some(assign_to),
            Operation::Decode { .. } => None,
        }
    }

    /// The variable of the credentials.
    fn credentials(&self) -> &Variable {
        match &self.operation {
            Operation::Encode { assign_to: variable, .. } | Operation::Decode { source: variable } => variable,
        }
    }
}

fn operation(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<Operation> {
    let Some(element) = single_child(root, "Operation", diagnostics).filter(|element| !element.text().is_empty())
    else {
        diagnostics.error(Code::MissingElement, root.position(), "Operation is missing: Encode or Decode");
        return None;
    };
    match element.text().as_str() {
        "Encode" => {
            let target = required(root, "AssignTo", Code::AssignToRequired, diagnostics)?;
            warn_unknown_attributes(target, &["createNew"], diagnostics);
            let replaces = boolean_attribute(target, "createNew", false, diagnostics);
            Some(Operation::Encode { assign_to: Variable::new(&target.text()), replaces })
        }
        "Decode" => {
            let source = required(root, "Source", Code::SourceRequired, diagnostics)?;
            warn_unknown_attributes(source, &[], diagnostics);
            Some(Operation::Decode { source: Variable::new(&source.text()) })
        }
        other => {
            let message = format!("Operation must be Encode or Decode, got {other:?}");
            diagnostics.error(Code::InvalidElement, element.position(), message);
            None
        }
    }
}

/// The element with the name of a variable.
fn required<'a, 'input>(
    root: Element<'a, 'input>,
    name: &str,
    code: Code,
    diagnostics: &mut Diagnostics,
) -> Option<Element<'a, 'input>> {
    let element = single_child(root, name, diagnostics).filter(|element| !element.text().is_empty());
    if element.is_none() {
        diagnostics.error(code, root.position(), format!("{name} with the name of a variable is missing"));
    }
    element
}

/// The variable in the attribute `ref` of an element.
fn reference(root: Element<'_, '_>, name: &str, code: Code, diagnostics: &mut Diagnostics) -> Option<Variable> {
    let element = single_child(root, name, diagnostics);
    if let Some(element) = element {
        warn_unknown_attributes(element, &["ref"], diagnostics);
    }
    let variable = element.and_then(reference_of);
    if variable.is_none() {
        let position = element.map_or(root.position(), |element| element.position());
        diagnostics.error(code, position, format!("{name} with the attribute ref is missing"));
    }
    variable
}

impl PolicyData for BasicAuthentication {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn uses_body(&self, names: &[&str]) -> bool {
        [&self.user, &self.password, self.credentials()].iter().any(|variable| variable.is_body_of(names))
    }

    fn extracted(&self) -> Vec<&Variable> {
        match &self.operation {
            Operation::Encode { assign_to, .. } => vec![assign_to],
            Operation::Decode { .. } => vec![&self.user, &self.password],
        }
    }

    fn reads(&self) -> Vec<Read<'_>> {
        let read = if self.ignore_unresolved { Read::optional } else { Read::value };
        match &self.operation {
            Operation::Encode { .. } => vec![read(&self.user), read(&self.password)],
            Operation::Decode { source } => vec![read(source)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::xml::Document;

    fn parse(content: &str) -> (Option<BasicAuthentication>, Vec<String>) {
        let text = format!("<BasicAuthentication name='BA'>{content}</BasicAuthentication>");
        let document = Document::parse(&text).unwrap();
        let mut diagnostics = Diagnostics::about("policies[0]");
        let policy = BasicAuthentication::parse(document.root(), &mut diagnostics);
        (policy, diagnostics.into_vec().iter().map(ToString::to_string).collect())
    }

    const VARIABLES: &str = "<User ref='u'/><Password ref=' p '/>";

    #[test]
    fn an_operation_names_its_variables() {
        let encode =
            |replaces| Operation::Encode { assign_to: Variable::new("request.header.Authorization"), replaces };
        let decode = Operation::Decode { source: Variable::new("s") };
        let assign_to = "<AssignTo createNew='true'>request.header.Authorization</AssignTo>";
        let cases = [
            (format!("<Operation>Encode</Operation>{assign_to}"), encode(true), true),
            (format!("<Operation> Encode </Operation>{}", assign_to.replace("true", "false")), encode(false), true),
            (
                "<Operation>Decode</Operation><Source> s </Source>
                 <IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>"
                    .to_owned(),
                decode,
                false,
            ),
        ];
        for (content, operation, ignores) in cases {
            let (policy, problems) = parse(&format!("{content}{VARIABLES}"));
            assert_eq!(problems, [""; 0], "{content}");
            let policy = policy.unwrap();
            assert_eq!((&policy.operation, policy.ignore_unresolved), (&operation, ignores), "{content}");
            assert_eq!((&policy.user, &policy.password), (&Variable::new("u"), &Variable::new("p")));
        }
    }

    #[test]
    fn missing_elements_are_errors() {
        let cases: [(&str, &[&str]); 5] = [
            (
                "",
                &[
                    "BA, line 1, column 1: Operation is missing: Encode or Decode",
                    "BA, line 1, column 1: UserNameRequired: User with the attribute ref is missing",
                    "BA, line 1, column 1: PasswordRequired: Password with the attribute ref is missing",
                ],
            ),
            (
                "<User>u</User><Password ref='p'/><Operation>Encode</Operation>",
                &[
                    "BA, line 1, column 1: AssignToRequired: AssignTo with the name of a variable is missing",
                    "BA, line 1, column 32: UserNameRequired: User with the attribute ref is missing",
                ],
            ),
            (
                "<User ref='u'/><Password ref='p'/><Operation>Decode</Operation><Source/>",
                &["BA, line 1, column 1: SourceRequired: Source with the name of a variable is missing"],
            ),
            (
                "<User ref='u'/><Password ref='p'/><Operation>decode</Operation>",
                &["BA, line 1, column 66: Operation must be Encode or Decode, got \"decode\""],
            ),
            (
                "<User ref='u'/><Password ref='p'/><Operation>Decode</Operation><Source>s</Source><Sauce/>",
                &[
                    "BA, line 1, column 113: unknown element Sauce in BasicAuthentication is ignored; did you mean Source?",
                ],
            ),
        ];
        for (content, expected) in cases {
            assert_eq!(parse(content).1, expected, "{content}");
        }
    }

    #[test]
    fn variables_of_a_body_use_it() {
        let uses = |content: &str| parse(content).0.unwrap().uses_body(&["request", "message"]);
        assert!(!uses(
            "<Operation>Decode</Operation><Source>request.header.a</Source><User ref='u'/><Password ref='p'/>"
        ));
        assert!(uses(
            "<Operation>Decode</Operation><Source>request.formparam.a</Source><User ref='u'/><Password ref='p'/>"
        ));
        assert!(uses(
            "<Operation>Encode</Operation><AssignTo>a</AssignTo><User ref='message.content'/><Password ref='p'/>"
        ));
    }
}
