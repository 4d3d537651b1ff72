//! FaultRules and DefaultFaultRule (docs/apigee-semantics.md 9.3).

use super::check_root;
use super::children;
use super::flow::{StepReference, condition};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::language::xml::Element;
use crate::policy::attributes::boolean_child;
use crate::policy::condition::Condition;
use crate::policy::read_document;

/// The fault rules of an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRules<S> {
    /// The rules in the order in which they are tried.
    pub rules: Vec<FaultRule<S>>,
    /// The rule that runs when no other one is chosen.
    pub default: Option<DefaultFaultRule<S>>,
}

/// The order in which an endpoint tries its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The order of a ProxyEndpoint.
    BottomToTop,
    /// The order of a TargetEndpoint.
    TopToBottom,
}

/// One rule. The first one whose condition is true is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule<S> {
    /// Its name, for messages.
    pub name: String,
    /// The condition; without one the rule is always chosen.
    pub condition: Option<Condition>,
    /// The steps.
    pub steps: Vec<S>,
}

/// `DefaultFaultRule`.
#[derive(Clone, Debug, PartialEq)]
pub struct DefaultFaultRule<S> {
    /// The rule.
    pub rule: FaultRule<S>,
    /// Whether it runs after a chosen rule too.
    pub always_enforce: bool,
}

impl<S> Default for FaultRules<S> {
    fn default() -> FaultRules<S> {
        FaultRules { rules: Vec::new(), default: None }
    }
}

impl<S> FaultRules<S> {
    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.default.is_none()
    }

    /// Every rule, the default one last.
    pub fn all(&self) -> impl Iterator<Item = &FaultRule<S>> {
        self.rules.iter().chain(self.default.iter().map(|default| &default.rule))
    }

    /// Converts or removes every step.
    pub fn map<T>(self, resolve: &mut impl FnMut(S) -> Option<T>) -> FaultRules<T> {
        let mut rule = |rule: FaultRule<S>| FaultRule {
            name: rule.name,
            condition: rule.condition,
            steps: rule.steps.into_iter().filter_map(&mut *resolve).collect(),
        };
        FaultRules {
            rules: self.rules.into_iter().map(&mut rule).collect(),
            default: self
                .default
                .map(|default| DefaultFaultRule { rule: rule(default.rule), always_enforce: default.always_enforce }),
        }
    }
}

impl FaultRules<StepReference> {
    /// Reads the `fault_rules` and `default_fault_rule` of the configuration, tried from bottom to top.
    pub fn parse_texts(rules: Option<&str>, default: Option<&str>) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Diagnostics::of_document("fault_rules");
        let rules = rules.and_then(|text| {
            read_document(text, &mut diagnostics, |root, diagnostics| {
                check_root(root, &["FaultRules"], diagnostics)?;
                children::report_unknown(root, diagnostics);
                Some(FaultRule::parse_all(root, Order::BottomToTop, diagnostics))
            })
        });
        let mut of_default = Diagnostics::of_document("default_fault_rule");
        let default = default.and_then(|text| {
            read_document(text, &mut of_default, |root, diagnostics| {
                check_root(root, &["DefaultFaultRule"], diagnostics)?;
                children::report_unknown(root, diagnostics);
                Some(DefaultFaultRule::parse(root, diagnostics))
            })
        });
        diagnostics.extend(of_default.into_vec());
        (FaultRules { rules: rules.unwrap_or_default(), default }, diagnostics.into_vec())
    }
}

impl DefaultFaultRule<StepReference> {
    pub(super) fn parse(default: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Self {
        DefaultFaultRule {
            rule: FaultRule::parse(default, "DefaultFaultRule", diagnostics),
            always_enforce: boolean_child(default, "AlwaysEnforce", false, diagnostics),
        }
    }
}

impl FaultRule<StepReference> {
    /// The rules in the order in which they are tried.
    pub(super) fn parse_all(rules: Element<'_, '_>, order: Order, diagnostics: &mut Diagnostics) -> Vec<Self> {
        let rules = rules.children_named("FaultRule");
        let mut rules: Vec<Self> = rules.map(|rule| FaultRule::parse(rule, "FaultRule", diagnostics)).collect();
        if order == Order::BottomToTop {
            rules.reverse();
        }
        rules
    }

    fn parse(rule: Element<'_, '_>, kind: &str, diagnostics: &mut Diagnostics) -> Self {
        let name = rule.attribute("name").unwrap_or_default().trim().to_owned();
        let label = if name.is_empty() { kind.to_owned() } else { format!("{kind} {name}") };
        FaultRule {
            condition: condition(rule, &label, diagnostics),
            steps: StepReference::parse_all(rule, &label, diagnostics),
            name,
        }
    }
}
