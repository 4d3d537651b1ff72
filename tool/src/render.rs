//! `render`: from bundles to configuration that Envoy, Istio or Envoy Gateway takes.

mod deployment;
mod dynamic;
mod envoy;
mod gateway;
mod istio;
mod kubernetes;
mod naming;
mod object;
mod path;
mod template;
mod upstream;
mod yaml;

use super::bundle::ParsedBundle;
use super::environment::Environment;
use super::finding::{Finding, Findings, Severity};
use super::input::{self, Input};
use super::run::requests;
use super::{CommandError, Outcome, report};
use deployment::{Deployment, Options};
use naming::Naming;
use serde_json::Value;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Turn bundles into configuration: for Envoy, Istio or Envoy Gateway, or for the filter alone
///
/// The configuration goes to standard output, whole or not at all; what there is to say about the bundles goes to
/// standard error, as `check` says it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    deploy: DeployArguments,
    /// What to render
    #[arg(long, value_enum, default_value_t = Format::Envoy)]
    format: Format,
    /// Print an environment file with the entries that these bundles need, for you to fill in
    #[arg(long, conflicts_with_all = ["environment", "format"])]
    environment_template: bool,
    /// Where the module is: a file for Envoy [default: envoy_callout.wasm], else oci://IMAGE or a URL
    #[arg(long, value_name = "MODULE")]
    module: Option<String>,
    /// The Gateway that listens, for Istio and Envoy Gateway (there its listener must be called http)
    #[arg(long, value_name = "NAME", default_value = "gateway")]
    gateway: String,
    /// The namespace of the resources [default: istio-system, or default for Envoy Gateway]
    #[arg(long)]
    namespace: Option<String>,
}

/// What is deployed.
#[derive(Debug, clap::Args)]
pub(super) struct DeployArguments {
    /// A bundle: a folder with apiproxy/ or sharedflowbundle/ in it, or a zip archive of one
    ///
    /// Several proxies share a listener. A shared flow that a proxy calls is found among the other paths.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The environment's target servers, property sets and identity
    #[arg(long, value_name = "FILE")]
    environment: Option<PathBuf>,
    /// The port that the proxy listens on
    #[arg(long, default_value_t = 8080)]
    pub(super) port: u16,
    /// The port of Envoy's administration interface, on 127.0.0.1
    ///
    /// 0 is any that is free.
    #[arg(long, default_value_t = 9901)]
    pub(super) admin_port: u16,
    /// Leave out steps whose policy type does not run, instead of refusing the bundle
    #[arg(long)]
    skip_unsupported: bool,
}

impl DeployArguments {
    /// The path of a configuration of Envoy's own, when that is given in place of bundles.
    pub(super) fn envoy_configuration(&self) -> Option<&Path> {
        let is_configuration = |path: &&PathBuf| {
            let is_named_so = path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "json");
            is_named_so && path.is_file()
        };
        match self.paths.as_slice() {
            [only] => Some(only).filter(is_configuration).map(PathBuf::as_path),
            _ => None,
        }
    }

    /// Everything of one Envoy.
    fn deployment(
        &self,
        bundles: &[&ParsedBundle],
        naming: Naming,
        findings: &mut Findings,
    ) -> Result<Deployment, CommandError> {
        let environment = match self.environment.as_deref().map(Environment::read).transpose()? {
            None => Environment::default(),
            Some(Ok(environment)) => environment,
            Some(Err(finding)) => {
                findings.add(*finding);
                Environment::default()
            }
        };
        findings.files = bundles.iter().map(|bundle| bundle.files).sum();
        let options = Options { naming, skip_unsupported: self.skip_unsupported, port: self.port };
        Ok(deployment::of(bundles, &environment, options, findings))
    }
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A whole configuration for Envoy
    Envoy,
    /// Resources for Istio's ingress gateway
    Istio,
    /// Resources for Envoy Gateway, which needs EnvoyPatchPolicy to be enabled
    EnvoyGateway,
    /// The filter's own configuration as JSON, one object for each proxy endpoint
    Filter,
}

impl Format {
    /// Who names the clusters.
    fn naming(self) -> Naming {
        match self {
            Format::Istio => Naming::Istio,
            Format::Envoy | Format::EnvoyGateway | Format::Filter => Naming::Own,
        }
    }

    /// Where the module is and in which namespace resources are, unless the command line says.
    fn defaults(self) -> (&'static str, &'static str) {
        match self {
            Format::Envoy | Format::Filter => ("envoy_callout.wasm", ""),
            Format::Istio => ("oci://registry.example.com/envoy-callout:latest", "istio-system"),
            Format::EnvoyGateway => ("oci://registry.example.com/envoy-callout:latest", "default"),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  envoy-callout render weather > envoy.yaml && envoy -c envoy.yaml
  envoy-callout render --environment-template shop shop/trace > environment.yaml
  envoy-callout render shop shop/trace --environment environment.yaml > envoy.yaml
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
        output.write_all(template::of(&bundles).as_bytes())?;
        return Ok(Outcome::Fine);
    }
    let deployment = arguments.deploy.deployment(&bundles, arguments.format.naming(), &mut findings)?;
    if matches!(arguments.format, Format::Istio | Format::EnvoyGateway) {
        kubernetes::report_limits(&deployment, &mut findings);
    }
    if arguments.format == Format::Istio && deployment.any_host {
        let text = "callouts whose host comes from a variable reach only hosts that have a ServiceEntry".to_owned();
        findings.add(Finding::new(Severity::Warning, text));
    }
    if is_refused(&findings)? {
        return Ok(Outcome::Problems);
    }
    write(&deployment, arguments, output)?;
    Ok(Outcome::Fine)
}

/// Envoy's configuration for `run`, with an access log that shows each request. `None` when the bundles have errors,
/// which have been told.
///
/// # Errors
/// A path cannot be read.
pub(super) fn for_run(arguments: &DeployArguments, module: &Path) -> Result<Option<String>, CommandError> {
    let mut findings = Findings::default();
    let inputs = input::read_all(&arguments.paths)?;
    let bundles = bundles(&inputs, &mut findings);
    let mut deployment = arguments.deployment(&bundles, Naming::Own, &mut findings)?;
    if is_refused(&findings)? {
        return Ok(None);
    }
    let module = module.to_string_lossy();
    deployment.endpoints.iter_mut().for_each(|endpoint| requests::publish_urls(&mut endpoint.configuration));
    let access_log = requests::access_log(deployment.endpoints.iter().map(|endpoint| &endpoint.configuration));
    let options = envoy::Options {
        port: arguments.port,
        admin_port: arguments.admin_port,
        module: &module,
        access_log: Some(access_log),
    };
    let text = yaml::documents(&[envoy::bootstrap(&deployment, options)]).map_err(io::Error::other)?;
    Ok(Some(text))
}

/// Tells what there is to say about the bundles, and whether that is enough to stop.
fn is_refused(findings: &Findings) -> io::Result<bool> {
    let is_bad = findings.count(Severity::Error) > 0;
    if is_bad || findings.count(Severity::Warning) > 0 {
        report::text(findings, &mut anstream::AutoStream::auto(io::stderr().lock()))?;
    }
    Ok(is_bad)
}

/// The bundles among the inputs. Nothing else can be rendered.
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
        let text = format!("{} is not a bundle: render takes folders or archives with apiproxy/ in them", source.file);
        findings.add(Finding::new(Severity::Error, text));
    }
    bundles
}

fn write(deployment: &Deployment, arguments: &Arguments, output: &mut dyn Write) -> Result<(), CommandError> {
    let DeployArguments { port, admin_port, .. } = arguments.deploy;
    let (default_module, default_namespace) = arguments.format.defaults();
    let module = arguments.module.as_deref().unwrap_or(default_module);
    let namespace = arguments.namespace.as_deref().unwrap_or(default_namespace);
    let resources = kubernetes::Options { module, gateway: &arguments.gateway, namespace };
    let comment = || comment(deployment, arguments);
    match arguments.format {
        Format::Envoy => {
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

/// What stands above a rendered file: where it comes from and which files it wants.
fn comment(deployment: &Deployment, arguments: &Arguments) -> String {
    let paths: Vec<String> = arguments.deploy.paths.iter().map(|path| path.display().to_string()).collect();
    let mut comment = format!("# Rendered by envoy-callout from {}.\n", paths.join(", "));
    let mut files: Vec<&str> =
        deployment.upstreams.iter().filter_map(|upstream| upstream.tls.as_ref()).flat_map(|tls| tls.files()).collect();
    if arguments.format != Format::Envoy {
        // What Kubernetes and its gateways bring by themselves.
        files.retain(|file| *file != deployment.trusted_ca);
    }
    files.sort_unstable();
    files.dedup();
    if !files.is_empty() {
        comment.push_str("# Certificates and keys that must be there:\n");
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
