//! The connection of a target endpoint. Envoy's routes and clusters serve it, so loading a configuration keeps its
//! problems for the tool that writes them.

use super::sap;
use super::single;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Position};
use crate::language::xml::Element;
use crate::policy::attributes::single_child;
use crate::policy::connection::{LoadBalancer, LocalTarget, Properties};
use crate::policy::template::{Syntax, Template};
use crate::policy::template_of;

/// A connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetConnection {
    /// The target. `None` when the document names none, or it has errors.
    pub target: Option<TargetKind>,
    /// The transport properties.
    pub properties: Properties,
    /// The problems of the connection.
    pub problems: Vec<Diagnostic>,
}

/// The kinds of target of a target endpoint.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetKind {
    /// `URL`.
    Url(UrlTemplate),
    /// `LoadBalancer` over target servers.
    LoadBalancer(LoadBalancer),
    /// `LocalTargetConnection`.
    Local(LocalTarget),
    /// A program that Apigee runs: the name of the element and its position.
    Program(String, Position),
    /// `provider_id` of SAP: the name of a host outside the bundle and its position.
    Provider(String, Position),
}

/// A URL with its variables.
#[derive(Clone, Debug, PartialEq)]
pub struct UrlTemplate {
    /// The text.
    pub text: String,
    /// The compiled text.
    pub template: Template,
    /// The position in the document.
    pub position: Position,
}

impl TargetConnection {
    /// Reads the connection of a TargetEndpoint.
    pub(super) fn parse(root: Element<'_, '_>) -> TargetConnection {
        let mut diagnostics = Diagnostics::default();
        let http = single(root, "HTTPTargetConnection", &mut diagnostics)
            .or_else(|| single_child(root, "HttpTargetConnection", &mut diagnostics));
        let target = match http {
            Some(http) => of_http(http, &mut diagnostics),
            None => other(root, &mut diagnostics),
        };
        let properties = http.and_then(|http| single_child(http, "Properties", &mut diagnostics));
        let mut of_properties = Diagnostics::default();
        let properties = Properties::parse(properties, &mut of_properties);
        // Properties without effect in a callout have an effect in the routes and clusters of a target.
        let problems = of_properties.into_vec().into_iter();
        diagnostics.extend(problems.filter(|problem| problem.code != Code::NoEffect).collect());
        TargetConnection { target, properties, problems: diagnostics.into_vec() }
    }
}

fn of_http(http: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<TargetKind> {
    let url = single_child(http, "URL", diagnostics).filter(|url| !url.text().is_empty());
    let path = single_child(http, "Path", diagnostics).filter(|path| !path.text().is_empty());
    // The user interface's template contains empty elements, which have no effect.
    let balancer = single_child(http, "LoadBalancer", diagnostics).filter(|lb| lb.children().next().is_some());
    let Some(balancer) = balancer else {
        if let Some(path) = path {
            diagnostics.warning(Code::IgnoredElement, path.position(), "Path is ignored: it belongs to a LoadBalancer");
        }
        return url.and_then(|url| UrlTemplate::parse(url, diagnostics)).map(TargetKind::Url);
    };
    if let Some(url) = url {
        diagnostics.warning(Code::IgnoredElement, url.position(), "URL is ignored: there is a LoadBalancer");
    }
    let mut of_balancer = Diagnostics::default();
    let parsed = LoadBalancer::parse(balancer, http, &mut of_balancer);
    // The cluster of a target endpoint runs the health checks. Without MaxFailures they have no effect.
    let monitor = http.child("HealthMonitor").map(Element::position);
    let is_run = parsed.as_ref().is_some_and(|balancer| balancer.max_failures > 0);
    let problems = of_balancer.into_vec().into_iter();
    diagnostics.extend(problems.filter(|problem| !is_run || problem.position != monitor).collect());
    parsed.map(TargetKind::LoadBalancer)
}

/// The target of an endpoint without HTTPTargetConnection.
fn other(root: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<TargetKind> {
    if let Some(local) = single_child(root, "LocalTargetConnection", diagnostics) {
        return LocalTarget::parse(local, diagnostics).map(TargetKind::Local);
    }
    let program = ["ScriptTarget", "HostedTarget"].into_iter().find_map(|name| root.child(name));
    if let Some(program) = program {
        return Some(TargetKind::Program(program.name().to_owned(), program.position()));
    }
    // The root of SAP's target endpoints contains the URL.
    if let Some(url) = root.child("url").filter(|url| !url.text().is_empty()) {
        return UrlTemplate::parse(url, diagnostics).map(TargetKind::Url);
    }
    let provider = sap::children(root, "provider_id").find(|provider| !provider.text().is_empty())?;
    Some(TargetKind::Provider(provider.text(), provider.position()))
}

impl UrlTemplate {
    pub(super) fn parse(url: Element<'_, '_>, diagnostics: &mut Diagnostics) -> Option<UrlTemplate> {
        let text = url.text();
        let template = template_of(url, &text, Syntax::URL, diagnostics)?;
        Some(UrlTemplate { text, template, position: url.position() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::xml::Document;

    fn parse(content: &str) -> (Option<TargetKind>, Vec<String>) {
        let text = format!("<TargetEndpoint name='t'>{content}</TargetEndpoint>");
        let document = Document::parse(&text).unwrap();
        let connection = TargetConnection::parse(document.root());
        (connection.target, connection.problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_kind_of_target_is_read() {
        let kind = |content: &str| match parse(content) {
            (None, problems) => format!("none {problems:?}"),
            (Some(target), problems) => {
                assert_eq!(problems, [""; 0], "{content}");
                match target {
                    TargetKind::Url(url) => format!("url {}", url.text),
                    TargetKind::LoadBalancer(balancer) => format!("pool {}", balancer.servers.len()),
                    TargetKind::Local(_) => "local".to_owned(),
                    TargetKind::Program(element, _) => element,
                    TargetKind::Provider(name, _) => format!("provider {name}"),
                }
            }
        };
        let cases = [
            ("<HTTPTargetConnection><URL> http://a/{b} </URL></HTTPTargetConnection>", "url http://a/{b}"),
            ("<HTTPTargetConnection><LoadBalancer/><URL>http://a</URL></HTTPTargetConnection>", "url http://a"),
            ("<HTTPTargetConnection><LoadBalancer><Server name='s'/></LoadBalancer></HTTPTargetConnection>", "pool 1"),
            ("<LocalTargetConnection><APIProxy>p</APIProxy></LocalTargetConnection>", "local"),
            ("<ScriptTarget><ResourceURL>node://a.js</ResourceURL></ScriptTarget>", "ScriptTarget"),
            ("<HostedTarget/>", "HostedTarget"),
            ("<url>https://a</url><provider_id>x</provider_id>", "url https://a"),
            ("<provider_id>Northwind</provider_id><url/>", "provider Northwind"),
            ("<HTTPTargetConnection/>", "none []"),
            ("", "none []"),
        ];
        for (content, expected) in cases {
            assert_eq!(kind(content), expected, "{content}");
        }
    }

    #[test]
    fn oddities_are_reported() {
        let cases = [
            ("<URL>http://a</URL><URL>http://b</URL>", vec!["line 1, column 67: duplicate URL; the first is used"]),
            (
                "<URL>http://a</URL><LoadBalancer><Server name='s'/></LoadBalancer>",
                vec!["line 1, column 48: URL is ignored: there is a LoadBalancer"],
            ),
            (
                "<URL>http://a</URL><Path>/x</Path>",
                vec!["line 1, column 67: Path is ignored: it belongs to a LoadBalancer"],
            ),
            (
                "<LoadBalancer><Server/><MaxFailures>some</MaxFailures></LoadBalancer>",
                vec![
                    "line 1, column 62: MissingName: Required attribute name is missing in Server of LoadBalancer",
                    "line 1, column 71: MaxFailures must be a non-negative integer, got \"some\"",
                ],
            ),
            (
                "<URL>http://a/{frob(x)}</URL>",
                vec!["line 1, column 48: entities.UnknownStringFunction: unknown template function frob"],
            ),
        ];
        for (content, expected) in cases {
            let content = format!("<HTTPTargetConnection>{content}</HTTPTargetConnection>");
            assert_eq!(parse(&content).1, expected, "{content}");
        }
    }

    #[test]
    fn properties_are_checked() {
        let cases = [
            ("io.timeout.millis", "8000", None),
            ("connect.timeout.millis", "100", None),
            (
                "io.timeout.millis",
                "8s",
                Some("io.timeout.millis: \"8s\" is not a positive number of milliseconds and is ignored"),
            ),
            (
                "io.timeout.millis",
                "0",
                Some("io.timeout.millis: \"0\" is not a positive number of milliseconds and is ignored"),
            ),
            (
                "io.timeout.millis",
                "-1",
                Some("io.timeout.millis: \"-1\" is not a positive number of milliseconds and is ignored"),
            ),
            (
                "io.timeout.milis",
                "8000",
                Some("unknown property \"io.timeout.milis\" is ignored; did you mean io.timeout.millis?"),
            ),
            ("x", "1", Some("unknown property \"x\" is ignored")),
            (
                "success.codes",
                "2xx,4o4",
                Some("success.codes: \"4o4\" is neither a status code nor a class such as 2xx"),
            ),
        ];
        for (name, value, expected) in cases {
            let (_, problems) = parse(&format!(
                "<HTTPTargetConnection><URL>http://a</URL><Properties><Property name='{name}'>{value}</Property></Properties></HTTPTargetConnection>"
            ));
            let expected: Vec<String> = expected.into_iter().map(|text| format!("line 1, column 79: {text}")).collect();
            assert_eq!(problems, expected, "{name}={value}");
        }
    }
}
