//! `render`: writes configuration for Envoy, Istio or Envoy Gateway from bundles.

mod deployment;
mod dynamic;
mod envoy;
mod gateway;
mod istio;
mod kubernetes;
mod naming;
mod object;
mod path;
mod preview;
mod skip;
mod template;
mod upstream;
mod yaml;

use super::bundle::{Kind, ParsedBundle};
use super::environment::Environment;
use super::envoy_file::is_configuration;
use super::finding::{Code, Finding, Findings, Severity};
use super::input::{self, Input};
use super::run::requests;
use super::{CommandError, Outcome, module, native, report};
use deployment::{Deployment, Options};
use naming::Naming;
pub(super) use preview::Preview;
use serde_json::Value;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub(super) use deployment::is_rendered;
pub(super) use skip::SkipArguments;

/// Write configuration for Envoy, Istio, Envoy Gateway or the filter from bundles
///
/// Writes the configuration to standard output, and the findings of `check` to standard error. Writes no configuration
/// when the bundles have errors.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    deploy: DeployArguments,
    /// The output format
    #[arg(long, value_enum, default_value_t = Format::Envoy)]
    format: Format,
    /// Print a template of an environment file with the entries that the bundles need
    #[arg(long, conflicts_with_all = ["environment", "format"])]
    environment_template: bool,
    /// The module: a file for Envoy [default: the module of `run`], oci://IMAGE or a URL for the other formats
    #[arg(long, value_name = "MODULE")]
    module: Option<String>,
    /// The Gateway of the listener, for Istio and Envoy Gateway; the name of the listener of Envoy Gateway must be http
    #[arg(long, value_name = "NAME", default_value = "gateway")]
    gateway: String,
    /// The namespace of the resources [default: istio-system, or default for Envoy Gateway]
    #[arg(long)]
    namespace: Option<String>,
}

/// The default port of the listener.
const DEFAULT_PORT: u16 = 10000;

/// The default port of the administration interface.
const DEFAULT_ADMIN_PORT: u16 = 9901;

/// The module of resources for Kubernetes without `--module`, which cannot be loaded.
const EXAMPLE_MODULE: &str = "oci://registry.example.com/envoy-callout:latest";

/// The bundles and the listener of a deployment.
#[derive(Debug, clap::Args)]
pub(super) struct DeployArguments {
    /// A bundle: a folder with apiproxy/ or sharedflowbundle/ in it, or a zip archive of one
    ///
    /// Several proxies share a listener. Pass the shared flows that a proxy calls as further paths.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Environment file: target servers, property sets and identity
    #[arg(long, value_name = "FILE")]
    environment: Option<PathBuf>,
    /// The port that the proxy listens on [default: 10000]
    #[arg(long)]
    pub(super) port: Option<u16>,
    /// The port of Envoy's administration interface, on 127.0.0.1 [default: 9901]
    ///
    /// 0 selects a free port.
    #[arg(long)]
    pub(super) admin_port: Option<u16>,
    /// The host of the filter
    #[arg(long, value_enum, default_value_t = native::Host::Wasm)]
    pub(super) host: native::Host,
    #[command(flatten)]
    skip: SkipArguments,
}

impl DeployArguments {
    /// The arguments for paths, with the default ports.
    pub(super) fn of(paths: Vec<PathBuf>, environment: Option<PathBuf>, skip: SkipArguments) -> DeployArguments {
        DeployArguments { paths, environment, port: None, admin_port: None, host: native::Host::Wasm, skip }
    }

    /// The path of a configuration of Envoy, when the only path is not a bundle.
    pub(super) fn envoy_configuration(&self) -> Option<&Path> {
        match self.paths.as_slice() {
            [only] => Some(only.as_path()).filter(|path| is_configuration(path)),
            _ => None,
        }
    }

    /// The port of the listener.
    pub(super) fn port(&self) -> u16 {
        self.port.unwrap_or(DEFAULT_PORT)
    }

    /// The port of the administration interface.
    pub(super) fn admin_port(&self) -> u16 {
        self.admin_port.unwrap_or(DEFAULT_ADMIN_PORT)
    }

    /// The deployment of one Envoy.
    fn deployment(
        &self,
        bundles: &[&ParsedBundle],
        naming: Naming,
        findings: &mut Findings,
    ) -> Result<Deployment, CommandError> {
        let environment = match self.environment.as_deref().map(Environment::read).transpose()? {
            None => Environment::default(),
            Some(Ok(environment)) => environment,
            Some(Err(problems)) => {
                problems.into_iter().for_each(|problem| findings.add(problem));
                Environment::default()
            }
        };
        environment.warnings.iter().for_each(|warning| findings.add(warning.clone()));
        findings.files = bundles.iter().map(|bundle| bundle.files).sum();
        let options = Options { naming, skip: self.skip, port: self.port() };
        let deployment = deployment::build(bundles, &environment, options, findings);
        findings.remove_consequences();
        Ok(deployment)
    }
}

/// The output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A complete configuration for Envoy
    Envoy,
    /// Resources for Istio's ingress gateway
    Istio,
    /// Resources for Envoy Gateway, which needs EnvoyPatchPolicy to be enabled
    EnvoyGateway,
    /// The configuration of the filter as JSON, one object for each proxy endpoint
    Filter,
}

impl Format {
    /// The naming scheme of the clusters.
    fn naming(self) -> Naming {
        match self {
            Format::Istio => Naming::Istio,
            Format::Envoy | Format::EnvoyGateway | Format::Filter => Naming::Own,
        }
    }

    /// The default namespace.
    fn namespace(self) -> &'static str {
        match self {
            Format::Istio => "istio-system",
            Format::Envoy | Format::EnvoyGateway | Format::Filter => "default",
        }
    }

    /// The default module: for Envoy the absolute path of the module of `run`, for Kubernetes an example, with a warning.
    ///
    /// # Errors
    /// The format is `envoy` and no module is found.
    fn module(self) -> io::Result<String> {
        match self {
            Format::Envoy => Ok(module::find(None)?.to_string_lossy().into_owned()),
            Format::Istio | Format::EnvoyGateway => {
                // Standard error can be closed.
                let _ = writeln!(
                    io::stderr(),
                    "warning: the resources name the example {EXAMPLE_MODULE}; name your module with --module oci://IMAGE"
                );
                Ok(EXAMPLE_MODULE.to_owned())
            }
            Format::Filter => Ok(String::new()),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  envoy-callout render weather > envoy.yaml && envoy -c envoy.yaml
  envoy-callout render --environment-template shop shop/trace > environment.yaml
  envoy-callout render shop shop/trace --environment environment.yaml > envoy.yaml
  envoy-callout render weather --host native > envoy.yaml
  envoy-callout render weather --format filter | jq .clusters";

/// Runs the command.
///
/// # Errors
/// A path cannot be read, or the output cannot be written.
pub(super) fn run(arguments: &Arguments, output: &mut dyn Write) -> Result<Outcome, CommandError> {
    let mut findings = Findings::default();
    let inputs = input::read_all(&arguments.deploy.paths)?;
    let bundles = bundles(&inputs, &mut findings);
    if arguments.environment_template {
        output.write_all(template::render(&bundles).as_bytes())?;
        return Ok(Outcome::Fine);
    }
    let deployment = arguments.deploy.deployment(&bundles, arguments.format.naming(), &mut findings)?;
    if matches!(arguments.format, Format::Istio | Format::EnvoyGateway) {
        kubernetes::report_limits(&deployment, &mut findings);
    }
    if arguments.deploy.host == native::Host::Native && matches!(arguments.format, Format::Istio | Format::EnvoyGateway)
    {
        let text = "the native module runs only in Envoy: --host native needs --format envoy".to_owned();
        findings.add(Finding::new(Severity::Error, Code::FormatLimit, text));
    }
    if arguments.format == Format::Istio && deployment.any_host {
        let text = "callouts whose host comes from a variable reach only hosts that have a ServiceEntry".to_owned();
        findings.add(Finding::new(Severity::Warning, Code::FormatLimit, text));
    }
    if report_problems(&findings)? {
        return Ok(Outcome::Problems);
    }
    write(&deployment, arguments, output)?;
    Ok(Outcome::Fine)
}

/// The configuration of Envoy with the default options, without a module. `None` when the bundles have errors, which are
/// reported to standard error.
///
/// # Errors
/// A path cannot be read.
pub(super) fn value(arguments: &DeployArguments) -> Result<Option<Value>, CommandError> {
    let mut findings = Findings::default();
    let inputs = input::read_all(&arguments.paths)?;
    let bundles = bundles(&inputs, &mut findings);
    let deployment = arguments.deployment(&bundles, Naming::Own, &mut findings)?;
    if report_problems(&findings)? {
        return Ok(None);
    }
    let options = envoy::Options {
        port: arguments.port(),
        admin_port: arguments.admin_port(),
        module: envoy::Module::Wasm(""),
        access_log: None,
    };
    Ok(Some(envoy::bootstrap(&deployment, options)))
}

/// The configuration of Envoy for `run`, with an access log of requests. `module` is the WebAssembly module, if it runs. `None` when the bundles have errors, which are
/// reported to standard error.
///
/// # Errors
/// A path cannot be read.
pub(super) fn for_run(arguments: &DeployArguments, module: Option<&Path>) -> Result<Option<String>, CommandError> {
    let mut findings = Findings::default();
    let inputs = input::read_all(&arguments.paths)?;
    let bundles = bundles(&inputs, &mut findings);
    let mut deployment = arguments.deployment(&bundles, Naming::Own, &mut findings)?;
    if report_problems(&findings)? {
        return Ok(None);
    }
    let file = module.map(Path::to_string_lossy);
    let module = file.as_deref().map_or(envoy::Module::Native, envoy::Module::Wasm);
    deployment.endpoints.iter_mut().for_each(|endpoint| requests::publish_urls(&mut endpoint.configuration));
    let access_log = requests::access_log(deployment.endpoints.iter().map(|endpoint| &endpoint.configuration));
    let options = envoy::Options {
        port: arguments.port(),
        admin_port: arguments.admin_port(),
        module,
        access_log: Some(access_log),
    };
    let text = yaml::documents(&[envoy::bootstrap(&deployment, options)]).map_err(io::Error::other)?;
    Ok(Some(text))
}

/// Adds what `render` rejects in the bundles to the findings of a check. Without a proxy, there is nothing to render.
/// Without an environment, the check reports the entries that it must contain.
pub(super) fn check(
    bundles: &[&ParsedBundle],
    environment: Option<&Environment>,
    skip: SkipArguments,
    findings: &mut Findings,
) {
    let is_rejected = findings.errors().next().is_some();
    if !bundles.iter().any(|bundle| bundle.kind == Kind::Proxy) || (environment.is_none() && is_rejected) {
        return;
    }
    let mut problems = Findings::default();
    let options = Options { naming: Naming::Own, skip, port: DEFAULT_PORT };
    let default = Environment::default();
    deployment::build(bundles, environment.unwrap_or(&default), options, &mut problems);
    problems.errors().for_each(|problem| findings.add(problem.clone()));
}

/// Reports errors and warnings to standard error. Returns whether there are errors.
pub(super) fn report_problems(findings: &Findings) -> io::Result<bool> {
    let has_errors = findings.count(Severity::Error) > 0;
    if has_errors || findings.count(Severity::Warning) > 0 {
        report::text(findings, &mut anstream::AutoStream::auto(io::stderr().lock()))?;
    }
    Ok(has_errors)
}

/// The bundles among the inputs. Another input is an error.
fn bundles<'a>(inputs: &'a [Input], findings: &mut Findings) -> Vec<&'a ParsedBundle> {
    let mut bundles = Vec::new();
    for input in inputs {
        let source = match input {
            Input::Bundle(bundle) => {
                bundles.push(bundle);
                continue;
            }
            Input::Document(document) => &*document.source,
            Input::Configuration(source) => source,
            Input::NoText(finding) => {
                findings.add(finding.clone());
                continue;
            }
        };
        let text = format!("{} is not a bundle; render needs folders or archives that contain apiproxy/", source.file);
        findings.add(Finding::new(Severity::Error, Code::NoBundle, text));
    }
    bundles
}

fn write(deployment: &Deployment, arguments: &Arguments, output: &mut dyn Write) -> Result<(), CommandError> {
    let (port, admin_port) = (arguments.deploy.port(), arguments.deploy.admin_port());
    let is_native = arguments.deploy.host == native::Host::Native;
    let module = match &arguments.module {
        Some(module) => module.clone(),
        None if is_native => String::new(),
        None => arguments.format.module().map_err(CommandError::Run)?,
    };
    let namespace = arguments.namespace.as_deref().unwrap_or_else(|| arguments.format.namespace());
    let resources = kubernetes::Options { module: &module, gateway: &arguments.gateway, namespace };
    let comment = || comment(deployment, arguments);
    match arguments.format {
        Format::Envoy => {
            let module = if is_native { envoy::Module::Native } else { envoy::Module::Wasm(&module) };
            let options = envoy::Options { port, admin_port, module, access_log: None };
            write_yaml(&comment(), &[envoy::bootstrap(deployment, options)], output)
        }
        Format::Istio => write_yaml(&comment(), &istio::resources(deployment, resources), output),
        Format::EnvoyGateway => write_yaml(&comment(), &gateway::resources(deployment, resources), output),
        Format::Filter => {
            for endpoint in &deployment.endpoints {
                serde_json::to_writer_pretty(&mut *output, &endpoint.configuration).map_err(io::Error::from)?;
                writeln!(output)?;
            }
            Ok(())
        }
    }
}

/// The comment at the start of a rendered file: its source, authentication that is not enforced, and the required
/// certificates.
fn comment(deployment: &Deployment, arguments: &Arguments) -> String {
    let paths: Vec<String> = arguments.deploy.paths.iter().map(|path| path.display().to_string()).collect();
    let mut comment = format!("# Rendered by envoy-callout from {}.\n", paths.join(", "));
    for warning in &deployment.not_enforced {
        let mut characters = warning.chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        comment.push_str(&format!("# WARNING: {}{}.\n", first.into_iter().collect::<String>(), characters.as_str()));
    }
    let mut files: Vec<&str> =
        deployment.upstreams.iter().filter_map(|upstream| upstream.tls.as_ref()).flat_map(|tls| tls.files()).collect();
    if arguments.format != Format::Envoy {
        // Gateways in Kubernetes have the authorities of the system.
        files.retain(|file| *file != deployment.trusted_ca);
    }
    files.sort_unstable();
    files.dedup();
    if !files.is_empty() {
        comment.push_str("# Required files of certificates and keys:\n");
        files.iter().for_each(|file| comment.push_str(&format!("#   {file}\n")));
    }
    comment
}

fn write_yaml(comment: &str, documents: &[Value], output: &mut dyn Write) -> Result<(), CommandError> {
    let text = yaml::documents(documents).map_err(io::Error::other)?;
    output.write_all(comment.as_bytes())?;
    output.write_all(text.as_bytes())?;
    Ok(())
}
