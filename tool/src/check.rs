//! `check`: reports the problems of bundles, policies and filter configurations.

mod bodies;
mod bundle;
mod consequences;
mod context;
mod filter;
mod hosts;
mod names;
mod placeholders;
mod single;
mod types;
mod variables;

use super::environment::Environment;
use super::finding::{Finding, Findings, Severity};
use super::input::{self, Input};
use super::needs::Needs;
use super::{CommandError, Outcome, report};
use super::{local_proxies, routing};
use hosts::Hosts;
use std::io::Write;
use std::path::PathBuf;
use types::Types;

/// Check bundles, policies and filter configurations before they are deployed
///
/// Loads a bundle with the code of the filter and reports each deployment error with Apigee's name, file, line and
/// column. Also reports variables that nothing sets, policies that are not attached to a flow, policy types that the filter
/// does not run, unresolved placeholders, and hosts that need an Envoy cluster.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A bundle (a folder with apiproxy/ or sharedflowbundle/ in it, or a zip archive of one), a policy (XML), or a
    /// filter configuration (JSON or YAML)
    ///
    /// Pass the shared flows that a proxy calls as further paths. A policy file is checked without flows. SAP's proxies
    /// (APIProxy/) are bundles too.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Environment file: target servers, property sets and identity; `render --environment-template` writes a template
    ///
    /// Without it, the check lists what the environment must contain.
    #[arg(long, value_name = "FILE")]
    environment: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Exit with status 1 for warnings too
    #[arg(long)]
    deny_warnings: bool,
}

const EXAMPLES: &str = "\
Examples:
  envoy-callout check weather/apiproxy
  envoy-callout check weather.zip shared/log          # a proxy and the shared flow that it calls
  envoy-callout check weather --environment test.yaml # with target servers and property sets
  envoy-callout check apiproxy/policies/SC-User.xml   # one policy without its flows
  envoy-callout check --json filter.yaml | jq '.findings[].text'

The JSON object:
  {\"files\": 14, \"errors\": 1, \"warnings\": 0, \"findings\": [
    {\"severity\": \"error\", \"name\": \"URLMissing\",
     \"file\": \"apiproxy/policies/SC-User.xml\", \"document\": null,
     \"policy\": \"SC-User\", \"line\": 3, \"column\": 5,
     \"text\": \"URL is missing in Step SC-User.\"}]}
severity is error, warning or note; name is Apigee's name of the error. document is the key of a
document inside a filter configuration (policies[0]); line and column count from its start.
Unknown values are null.";

/// Runs the command.
///
/// # Errors
/// A path cannot be read, or the output cannot be written.
pub(super) fn run(arguments: &Arguments, output: &mut dyn Write) -> Result<Outcome, CommandError> {
    let inputs = input::read_all(&arguments.paths)?;
    let environment = arguments.environment.as_deref().map(Environment::read).transpose()?;
    let findings = check(&inputs, environment);
    match arguments.json {
        true => report::json(&findings, output)?,
        false => report::text(&findings, output)?,
    }
    let has_failed =
        findings.count(Severity::Error) > 0 || (arguments.deny_warnings && findings.count(Severity::Warning) > 0);
    Ok(if has_failed { Outcome::Problems } else { Outcome::Fine })
}

fn check(inputs: &[Input], environment: Option<Result<Environment, Box<Finding>>>) -> Findings {
    let mut findings = Findings::default();
    let has_environment = environment.is_some();
    let environment = environment.and_then(|environment| {
        findings.files = findings.files.saturating_add(1);
        environment.map_err(|finding| findings.add(*finding)).ok()
    });
    let mut needs = Needs::default();
    let mut hosts = Hosts::default();
    let mut types = Types::default();
    let bundles: Vec<_> = inputs
        .iter()
        .filter_map(|input| match input {
            Input::Bundle(bundle) => Some(bundle),
            _ => None,
        })
        .collect();
    let environment = environment.map(|environment| local_proxies::with_given(&environment, &bundles));
    // Two bundles of one check can belong to different deployments.
    routing::compare_base_paths(&bundles, Severity::Warning, &mut findings);
    for input in inputs {
        findings.files = findings.files.saturating_add(match input {
            Input::Bundle(bundle) => bundle.files,
            Input::Document(_) | Input::Configuration(_) | Input::NoText(_) => 1,
        });
        match input {
            Input::Bundle(bundle) => {
                needs.add(bundle);
                bundle::check(bundle, &bundles, environment.as_ref(), &mut findings, &mut hosts, &mut types);
            }
            Input::Document(document) => single::check(document, &mut findings, &mut hosts, &mut types),
            Input::Configuration(source) => filter::check(source, &mut findings),
            Input::NoText(finding) => findings.add(finding.clone()),
        }
    }
    hosts.report(&mut findings);
    // What the environment must contain is unknown when its file has errors.
    if !has_environment {
        needs.report(&mut findings);
    }
    types.report(&mut findings);
    consequences::remove(&mut findings);
    findings
}
