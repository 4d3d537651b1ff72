//! `request` and `response`: the lists of steps.

use super::keys::Section;
use super::known;
use super::policies::Policies;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::Step;
use crate::policy::condition::Condition;
use crate::policy::endpoint::{Endpoint, FaultRules, StepReference};

/// Reads both lists and the fault rules, and resolves their steps.
pub(super) fn flows(section: &Section<'_>, policies: &mut Policies, diagnostics: &mut Diagnostics) -> Endpoint<Step> {
    let mut endpoint = read(section, policies, diagnostics);
    let FaultRules { rules, default } = std::mem::take(&mut endpoint.fault_rules);
    let mut resolved = endpoint.map(&mut |step| policies.resolve(step, diagnostics));
    let mut rules_of = |key: &str, rules: FaultRules<StepReference>| {
        diagnostics.within_about(key, key, |diagnostics| rules.map(&mut |step| policies.resolve(step, diagnostics)))
    };
    resolved.fault_rules = FaultRules {
        rules: rules_of("fault_rules", FaultRules { rules, default: None }).rules,
        default: rules_of("default_fault_rule", FaultRules { rules: Vec::new(), default }).default,
    };
    resolved
}

/// Reads the lists. Without both, every policy runs in the request flow except those that fault rules name.
fn read(section: &Section<'_>, policies: &Policies, diagnostics: &mut Diagnostics) -> Endpoint<StepReference> {
    let rules = section.string("fault_rules", diagnostics);
    let default = section.string("default_fault_rule", diagnostics);
    let (fault_rules, problems) = FaultRules::parse_texts(rules.as_deref(), default.as_deref());
    diagnostics.extend(problems);
    if !section.has("request") && !section.has("response") {
        let attached_to_rules: Vec<&str> =
            fault_rules.all().flat_map(|rule| &rule.steps).map(|step| step.policy.as_str()).collect();
        let steps = policies.all_steps().into_iter();
        let request = steps.filter(|step| !attached_to_rules.contains(&step.policy.as_str())).collect();
        return Endpoint::of_steps(request, Vec::new(), fault_rules);
    }
    let request = list(section, "request", diagnostics);
    let response = list(section, "response", diagnostics);
    Endpoint::of_steps(request, response, fault_rules)
}

fn list(section: &Section<'_>, key: &str, diagnostics: &mut Diagnostics) -> Vec<StepReference> {
    let mut steps = Vec::new();
    for (index, item) in section.list(key, diagnostics).iter().enumerate() {
        let label = format!("{key}[{index}]");
        if let Some(name) = item.as_str() {
            let label = format!("{label} ({name})");
            steps.push(StepReference { policy: name.to_owned(), condition: None, label, position: None });
            continue;
        }
        let Some(step) = Section::of(&label, item, "a policy's name or an object with step and condition", diagnostics)
        else {
            continue;
        };
        step.check_keys_with(&known::STEP, ("step", "a policy's name"), diagnostics);
        let condition = step.string("condition", diagnostics);
        let Some(policy) = step.string("step", diagnostics) else { continue };
        let label = format!("{label} ({policy})");
        let condition = match Condition::parse_published(condition.as_deref().unwrap_or_default()) {
            Ok((condition, tolerated)) => {
                for mistake in tolerated {
                    diagnostics.warning(
                        Code::ToleratedCondition,
                        None,
                        format!("{label} condition, column {}: {mistake}", mistake.column),
                    );
                }
                condition
            }
            Err(error) => {
                diagnostics.error(
                    Code::InvalidCondition,
                    None,
                    format!("{label} condition, column {}: {error}", error.column),
                );
                None
            }
        };
        steps.push(StepReference { policy, condition, label, position: None });
    }
    steps
}
