//! The load of a configuration, with its problems in Envoy's log.

use crate::config;
use crate::diagnostic::Severity;
use crate::plan::Plan;

/// Loads a configuration and logs every problem. `None` when it has errors.
pub fn load(bytes: &[u8]) -> Option<Plan> {
    match config::load(bytes) {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                log::warn!("callout: {warning}");
            }
            Some(loaded.plan)
        }
        Err(problems) => {
            for problem in &problems {
                match problem.severity {
                    Severity::Warning => log::warn!("callout: {problem}"),
                    Severity::Error => log::error!("callout: {problem}"),
                }
            }
            None
        }
    }
}
