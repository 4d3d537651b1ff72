//! Names that nothing sets: variables that are read, messages that are read, and names of faults in conditions.

mod bundle;
mod known;
mod plan;
mod word;

pub(super) use bundle::check;
pub(super) use plan::check_plan;

use crate::finding::{Code, Finding, Findings, Severity};
use crate::source::Source;
use envoy_callout::diagnostic::Position;
use envoy_callout::policy::condition::Condition;
use envoy_callout::policy::usage::{Purpose, Read};
use envoy_callout::suggestion;
use known::Known;
use std::rc::Rc;

/// The variable with the name of a fault.
const FAULT_NAME: &str = "fault.name";

/// The words of conditions that are not variables.
const CONSTANTS: [&str; 3] = ["true", "false", "null"];

/// A text that reads variables: a document, or the part of it that starts at a position.
#[derive(Clone, Debug)]
struct Reader {
    source: Rc<Source>,
    start: Option<Position>,
    /// The policy, if it is the reader.
    policy: Option<String>,
}

impl Reader {
    /// Reports the variables that nothing sets, each once for a document.
    fn check<'r>(&self, reads: impl IntoIterator<Item = Read<'r>>, known: &Known<'_>, findings: &mut Findings) {
        self.check_reads(reads, None, known, findings);
    }

    /// Like [`Reader::check`]. `condition` is the condition that reads the variables.
    fn check_reads<'r>(
        &self,
        reads: impl IntoIterator<Item = Read<'r>>,
        condition: Option<&Condition>,
        known: &Known<'_>,
        findings: &mut Findings,
    ) {
        let is_condition = condition.is_some();
        // A word that is compared with a variable may be a text without its quotes.
        let texts = condition.map(Condition::right_sides).unwrap_or_default();
        for Read { variable, purpose } in reads {
            let name = &**variable.name();
            if known.may_be_set(variable) || self.is_placeholder(name) {
                continue;
            }
            let constant = || suggestion::nearest(name, CONSTANTS).filter(|_| is_condition).map(str::to_owned);
            let suggestion = constant().or_else(|| known.suggestion(variable, purpose));
            if suggestion.is_none() && !known.is_reported_without_suggestion(purpose) {
                continue;
            }
            let hint = match suggestion {
                Some(name) => format!("; did you mean {name}?"),
                None if texts.contains(&variable) => format!("; a text has double quotes: \"{name}\""),
                None => String::new(),
            };
            let (code, text) = match purpose {
                Purpose::Value | Purpose::OptionalValue => {
                    (Code::UnknownVariable, format!("nothing sets the variable {name}{hint}"))
                }
                Purpose::Message => (Code::UnknownMessage, format!("no policy makes the message {name}{hint}")),
            };
            self.warn(code, name, text, findings);
        }
    }

    /// Reports a condition: its variables, and the names of faults that nothing raises.
    fn check_condition(&self, condition: &Condition, known: &Known<'_>, findings: &mut Findings) {
        self.check_reads(condition.reads(), Some(condition), known, findings);
        for name in condition.equal_texts(FAULT_NAME) {
            if let Some(hint) = known.problem_of_fault(name) {
                let text = format!("no policy of this proxy raises the fault {name}{hint}");
                self.warn(Code::UnknownFault, name, text, findings);
            }
        }
    }

    fn warn(&self, code: Code, word: &str, text: String, findings: &mut Findings) {
        let is_known = |finding: &Finding| {
            finding.text == text && finding.source.as_ref().is_some_and(|source| source == &self.source)
        };
        if findings.any(is_known) {
            return;
        }
        let position = word::find(&self.source.text, self.start, word).or(self.start);
        let finding = Finding::new(Severity::Warning, code, text).in_source(&self.source, position);
        findings.add(match &self.policy {
            Some(policy) => finding.about_policy(policy),
            None => finding,
        });
    }

    /// Whether a name is part of an unresolved placeholder, which has a finding of its own.
    fn is_placeholder(&self, name: &str) -> bool {
        super::placeholders::find(&self.source.text).iter().any(|(_, placeholder)| placeholder.contains(name))
    }
}
