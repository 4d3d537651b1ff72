//! `check`: reports the problems of bundles, policies and filter configurations.

mod bodies;
mod bundle;
mod consequences;
mod envoy;
mod filter;
mod hosts;
mod idle;
mod names;
mod placeholders;
mod selection;
mod single;
mod variables;

use super::bundle::{Kind, ParsedBundle};
use super::configuration::called_by;
use super::embedded::Parsed;
use super::environment::Environment;
use super::finding::{Code, Finding, Findings, Severity};
use super::input::{self, Input};
use super::needs::Needs;
use super::render::{self, SkipArguments};
use super::report::{self, Format};
use super::source::Source;
use super::{CommandError, Outcome};
use super::{local_proxies, routing};
use hosts::Hosts;
use selection::Selection;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

/// Check bundles, policies and filter configurations before they are deployed
///
/// Loads a bundle with the code of the filter and reports each deployment error with Apigee's name, file, line and
/// column. Also reports variables that nothing sets, policies that are not attached to a flow, policy types that the filter
/// does not run, unresolved placeholders, and hosts that need an Envoy cluster.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A bundle (a folder with apiproxy/ or sharedflowbundle/ in it, or a zip archive of one), a policy (XML), or a
    /// configuration of the filter or of Envoy (JSON or YAML)
    ///
    /// Pass the shared flows that a proxy calls as further paths. A policy file is checked without flows. SAP's proxies
    /// (APIProxy/) are bundles too.
    #[arg(required_unless_present = "list", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Environment file: target servers, property sets and identity; `render --environment-template` writes a template
    #[arg(long, value_name = "FILE")]
    environment: Option<PathBuf>,
    #[command(flatten)]
    skip: SkipArguments,
    /// The format of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print one JSON object: --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Exit with status 1 for warnings too
    #[arg(long)]
    deny_warnings: bool,
    /// Leave out the findings with this code; several codes are separated by commas
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = Code::parse)]
    allow: Vec<Code>,
    /// Report the findings with this code as errors
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = Code::parse)]
    deny: Vec<Code>,
    /// File with the lists allow and deny [default: .envoy-callout.yaml in the first path, next to it, or here]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// List every code with its meaning
    #[arg(long)]
    list: bool,
}

const EXAMPLES: &str = "\
Examples:
  envoy-callout check weather/apiproxy
  envoy-callout check weather.zip shared/log          # a proxy and the shared flow that it calls
  envoy-callout check weather --environment test.yaml # with target servers and property sets
  envoy-callout check apiproxy/policies/SC-User.xml   # one policy without its flows
  envoy-callout check envoy.yaml                      # the filters of an Envoy configuration
  envoy-callout check weather --allow unused-policy --deny placeholder
  envoy-callout check --format sarif weather > weather.sarif
  envoy-callout check --json filter.yaml | jq '.findings[].text'

The file .envoy-callout.yaml:
  allow: [unused-policy]
  deny: [placeholder]

The JSON object:
  {\"files\": 14, \"errors\": 1, \"warnings\": 0, \"findings\": [
    {\"severity\": \"error\", \"code\": \"missing-url\", \"name\": \"URLMissing\",
     \"file\": \"apiproxy/policies/SC-User.xml\", \"document\": null,
     \"policy\": \"SC-User\", \"line\": 3, \"column\": 5,
     \"text\": \"URL is missing in Step SC-User.\"}]}
severity is error, warning or note; name is Apigee's name of the error. document is the key of a
document inside a filter configuration (policies[0]) whose lines are not those of the file, as in
JSON; line and column then count from its start. Unknown values are null.";

/// Runs the command.
///
/// # Errors
/// A path cannot be read, or the output cannot be written.
pub(super) fn run(arguments: &Arguments, output: &mut dyn Write) -> Result<Outcome, CommandError> {
    if arguments.list {
        list(output)?;
        return Ok(Outcome::Fine);
    }
    let Arguments { paths, allow, deny, .. } = arguments;
    let selection = Selection::read(allow, deny, arguments.config.as_deref(), paths)?;
    let inputs = input::read_all(paths)?;
    let environment = arguments.environment.as_deref().map(Environment::read).transpose()?;
    let mut findings = check(&inputs, environment, arguments.skip);
    selection.apply(&mut findings);
    let format = if arguments.json { Format::Json } else { arguments.format };
    let is_problem = |finding: &Finding| match finding.severity {
        Severity::Error => true,
        Severity::Warning => arguments.deny_warnings,
        Severity::Note => false,
    };
    report::write(&findings, format, is_problem, output)?;
    let has_failed = findings.sorted().into_iter().any(is_problem);
    Ok(if has_failed { Outcome::Problems } else { Outcome::Fine })
}

/// Lists the codes with their meanings.
fn list(output: &mut dyn Write) -> std::io::Result<()> {
    let codes = Code::all();
    let width = codes.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    for code in codes {
        let name = code.apigee_name().map(|name| format!(" (Apigee: {name})")).unwrap_or_default();
        writeln!(output, "{:width$}  {}{name}", code.as_str(), code.explanation())?;
    }
    Ok(())
}

/// Checks the value of a configuration of the filter or of Envoy.
pub(super) fn value(source: &Rc<Source>, value: &Parsed, findings: &mut Findings) {
    filter::check_value(source, value, findings);
}

fn check(inputs: &[Input], environment: Option<Result<Environment, Vec<Finding>>>, skip: SkipArguments) -> Findings {
    let mut findings = Findings::default();
    let is_given = environment.is_some();
    let environment = environment.and_then(|environment| {
        findings.files = findings.files.saturating_add(1);
        environment.map_err(|problems| problems.into_iter().for_each(|problem| findings.add(problem))).ok()
    });
    let warnings = environment.iter().flat_map(|environment| &environment.warnings);
    warnings.for_each(|warning| findings.add(warning.clone()));
    let mut hosts = Hosts::default();
    let bundles: Vec<_> = inputs
        .iter()
        .filter_map(|input| match input {
            Input::Bundle(bundle) => Some(bundle),
            _ => None,
        })
        .collect();
    let environment = environment.map(|environment| local_proxies::with_given(&environment, &bundles));
    routing::compare_base_paths(&bundles, Severity::Error, &mut findings);
    for input in inputs {
        findings.files = findings.files.saturating_add(match input {
            Input::Bundle(bundle) => bundle.files,
            Input::Document(_) | Input::Configuration(_) | Input::NoText(_) => 1,
        });
        match input {
            Input::Bundle(bundle) => bundle::check(bundle, &bundles, environment.as_ref(), skip, &mut findings),
            Input::Document(document) => single::check(document, &mut findings, &mut hosts),
            Input::Configuration(source) => filter::check(source, &mut findings),
            Input::NoText(finding) => findings.add(finding.clone()),
        }
    }
    hosts.report(&mut findings);
    if !is_given {
        report_needs(&bundles, &mut findings);
    }
    if is_given == environment.is_some() {
        render::check(&bundles, environment.as_ref(), skip, &mut findings);
    }
    consequences::remove(&mut findings);
    findings
}

/// Reports the entries that the environment file must contain. Without those of proxies, `render` rejects the bundles.
fn report_needs(bundles: &[&ParsedBundle], findings: &mut Findings) {
    let proxies: Vec<&ParsedBundle> = bundles.iter().copied().filter(|bundle| bundle.kind == Kind::Proxy).collect();
    let mut rendered = proxies.clone();
    for called in proxies.iter().flat_map(|proxy| called_by(proxy, bundles)) {
        if !rendered.iter().any(|bundle| std::ptr::eq(*bundle, called)) {
            rendered.push(called);
        }
    }
    let mut needs = Needs::default();
    rendered.iter().for_each(|bundle| needs.add(bundle));
    needs.remove_given(bundles);
    needs.report(Severity::Error, findings);
    let mut others = Needs::default();
    let is_other = |bundle: &&&ParsedBundle| !rendered.iter().any(|other| std::ptr::eq(*other, **bundle));
    bundles.iter().filter(is_other).for_each(|bundle| others.add(bundle));
    others.remove_given(bundles);
    others.report(Severity::Note, findings);
}
