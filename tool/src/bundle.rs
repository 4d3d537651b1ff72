//! Bundles: an Apigee proxy or shared flow as a folder or an archive. The folder of a file selects its parser.

mod archive;
mod folder;
mod properties;

pub(crate) use archive::read as read_archive;
pub(crate) use folder::read as read_folder;

use super::document::Document;
use super::finding::{Finding, Severity};
use super::parsed::Parsed;
use super::source::Source;
use envoy_callout::diagnostic::Code as FilterCode;
use envoy_callout::language::xml;
use envoy_callout::policy::Policy;
use envoy_callout::policy::endpoint::{IntegrationEndpoint, ProxyEndpoint, SharedFlow, TargetEndpoint};
use envoy_callout::policy::spaced_names;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

/// A bundle whose documents are parsed.
#[derive(Debug)]
pub(crate) struct ParsedBundle {
    /// Proxy or shared flow.
    pub(crate) kind: Kind,
    /// The name of the proxy or of the shared flow.
    pub(crate) name: String,
    /// Other names by which FlowCallouts may know a shared flow: those of its folder, its base file and its document.
    aliases: Vec<String>,
    /// The revision, when the base file contains it.
    pub(crate) revision: Option<String>,
    /// `policies/*.xml`.
    pub(crate) policies: Vec<Parsed<Policy>>,
    /// The names of the documents that are not UTF-8, and of the policies that are not XML, as far as the filter cannot
    /// read them.
    broken: Vec<(Role, String)>,
    /// `proxies/*.xml`.
    pub(crate) proxy_endpoints: Vec<Parsed<ProxyEndpoint>>,
    /// `targets/*.xml`.
    pub(crate) target_endpoints: Vec<Parsed<TargetEndpoint>>,
    /// `integration-endpoints/*.xml`.
    pub(crate) integration_endpoints: Vec<Parsed<IntegrationEndpoint>>,
    /// `sharedflows/*.xml`. The one that FlowCallouts run has the bundle's name.
    pub(crate) shared_flows: Vec<Parsed<SharedFlow>>,
    /// `resources/properties/*.properties`, by variable: `propertyset.SET.KEY`.
    pub(crate) properties: BTreeMap<String, String>,
    /// The texts of `resources/TYPE/FILE` by name: `TYPE://FILE`.
    resources: BTreeMap<String, String>,
    /// The number of files.
    pub(crate) files: usize,
    /// The findings of files that are not UTF-8 and of a base file that is not XML.
    pub(crate) unreadable: Vec<Finding>,
}

/// The two kinds of bundles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `apiproxy/`.
    Proxy,
    /// `sharedflowbundle/`.
    SharedFlow,
}

/// A file of a bundle.
#[derive(Debug)]
struct File {
    /// The path in the bundle: `policies/SC-1.xml`.
    inside: String,
    /// The path in messages.
    shown: String,
    bytes: Vec<u8>,
}

/// The kind of a file. Its folder determines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Base,
    Policy,
    ProxyEndpoint,
    TargetEndpoint,
    IntegrationEndpoint,
    SharedFlow,
    Properties,
    Resource,
}

/// The types of resources that are texts.
const RESOURCE_TYPES: [&str; 8] = ["graphql", "jsc", "oas", "properties", "py", "wsdl", "xsd", "xsl"];

/// The name of a resource by its path in the bundle: `jsc://a.js` for `resources/jsc/a.js`.
fn resource_name(inside: &str) -> Option<String> {
    let (kind, file) = inside.strip_prefix("resources/")?.split_once('/')?;
    Some(format!("{kind}://{file}"))
}

/// The name in the first tag of a document, which may have errors after it.
fn first_name_in(source: &Source) -> Option<String> {
    let document = xml::Document::parse_first_tag(&source.text).ok()?;
    document.root().attribute("name").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The names that a document that cannot be read may have: that in its first tag, and that of its file.
fn names_of(source: &Source) -> BTreeSet<String> {
    first_name_in(source).into_iter().chain([source.stem().to_owned()]).collect()
}

/// The kind of the bundle whose root folder has a name.
fn kind_of_root(name: &str) -> Option<Kind> {
    match name {
        // `APIProxy` is the root folder of SAP's bundles.
        "apiproxy" | "APIProxy" => Some(Kind::Proxy),
        "sharedflowbundle" => Some(Kind::SharedFlow),
        _ => None,
    }
}

impl Role {
    /// The role of a file by its path in the bundle. `None` when no flow uses the file.
    fn from_path(inside: &str) -> Option<Role> {
        let path = Path::new(inside);
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        let name = path.file_name()?.to_str()?;
        if name.starts_with('.') {
            return None;
        }
        let folder = path.parent()?.to_str()?;
        if folder == "resources/properties" && extension.as_deref() == Some("properties") {
            return Some(Role::Properties);
        }
        if folder.strip_prefix("resources/").is_some_and(|kind| RESOURCE_TYPES.contains(&kind)) {
            return Some(Role::Resource);
        }
        let role = match folder {
            "" => Role::Base,
            "policies" | "Policy" => Role::Policy,
            "proxies" | "APIProxyEndPoint" => Role::ProxyEndpoint,
            "targets" | "APITargetEndPoint" => Role::TargetEndpoint,
            "integration-endpoints" => Role::IntegrationEndpoint,
            "sharedflows" => Role::SharedFlow,
            _ => return None,
        };
        let is_saps = folder.starts_with("API") || folder == "Policy";
        let is_document = extension.as_deref() == Some("xml") || (extension.is_none() && is_saps);
        is_document.then_some(role)
    }
}

impl ParsedBundle {
    /// The bundle of the files. `fallback` is its name when no base file contains a name.
    fn new(kind: Kind, fallback: &str, files: Vec<File>) -> ParsedBundle {
        let names =
            files.iter().filter(|file| Role::from_path(&file.inside) == Some(Role::Policy)).filter_map(|file| {
                let source = Rc::new(Source::new(file.shown.clone(), &file.bytes).0);
                let document = Document::named_after_file(source.clone());
                let name = document.root()?.name.clone();
                Some(if name.is_empty() { source.stem().to_owned() } else { name })
            });
        let names: Vec<String> = names.collect();
        spaced_names::with(names, || ParsedBundle::read(kind, fallback, files))
    }

    fn read(kind: Kind, fallback: &str, mut files: Vec<File>) -> ParsedBundle {
        files.sort_by(|a, b| a.inside.cmp(&b.inside));
        let mut bundle = ParsedBundle {
            kind,
            name: String::new(),
            aliases: vec![fallback.to_owned()],
            revision: None,
            policies: Vec::new(),
            broken: Vec::new(),
            proxy_endpoints: Vec::new(),
            target_endpoints: Vec::new(),
            integration_endpoints: Vec::new(),
            shared_flows: Vec::new(),
            properties: BTreeMap::new(),
            resources: BTreeMap::new(),
            files: files.iter().filter(|file| Role::from_path(&file.inside) != Some(Role::Resource)).count(),
            unreadable: Vec::new(),
        };
        let mut shared_flows = Vec::new();
        for File { inside, shown, bytes } in files {
            let Some(role) = Role::from_path(&inside) else { continue };
            let (source, problem) = Source::new(shown, &bytes);
            if let Some(name) = resource_name(&inside).filter(|_| problem.is_none()) {
                bundle.resources.insert(name, source.text.clone());
            }
            if role == Role::Resource {
                continue;
            }
            let source = Rc::new(source);
            if let Some(problem) = problem {
                bundle.unreadable.push(Finding::not_text(&source, &problem));
                bundle.broken.extend(names_of(&source).into_iter().map(|name| (role, name)));
                continue;
            }
            let document = || Document::named_after_file(source.clone());
            match role {
                Role::Base => bundle.read_base(&source),
                Role::Policy => bundle.add_policy(document()),
                Role::ProxyEndpoint => bundle.proxy_endpoints.push(Parsed::proxy_endpoint(document())),
                Role::TargetEndpoint => {
                    let index = bundle.target_endpoints.len();
                    bundle.target_endpoints.push(Parsed::target_endpoint(document(), index));
                }
                Role::IntegrationEndpoint => {
                    let index = bundle.integration_endpoints.len();
                    bundle.integration_endpoints.push(Parsed::integration_endpoint(document(), index));
                }
                Role::SharedFlow => shared_flows.push(source.clone()),
                Role::Properties => bundle.add_properties(&source),
                Role::Resource => {}
            }
        }
        if bundle.name.is_empty() {
            bundle.name = fallback.to_owned();
        }
        bundle.name_shared_flows(shared_flows);
        bundle
    }

    fn add_policy(&mut self, document: Document) {
        if document.root().is_none() {
            // The filter reads the name in the first tag itself.
            let first = first_name_in(&document.source);
            let names = names_of(&document.source).into_iter().filter(|name| first.as_ref() != Some(name));
            self.broken.extend(names.map(|name| (Role::Policy, name)));
        }
        self.policies.push(Parsed::policy(document, self.policies.len()));
    }

    /// Reads `apiproxy/NAME.xml`. The file name is the name of the bundle when the document has none.
    fn read_base(&mut self, source: &Rc<Source>) {
        let document = match xml::Document::parse(&source.text) {
            Ok(document) => document,
            Err(error) => {
                let finding = Finding::new(Severity::Error, FilterCode::MalformedXml, error.to_string())
                    .in_source(source, error.position);
                return self.unreadable.push(finding);
            }
        };
        let root = document.root();
        if matches!(root.name(), "APIProxy" | "SharedFlowBundle") {
            let attribute = |name| root.attribute(name).map(str::trim).filter(|value| !value.is_empty());
            self.name = attribute("name").unwrap_or(source.stem()).to_owned();
            self.aliases.push(source.stem().to_owned());
            self.revision = attribute("revision").map(str::to_owned);
        }
    }

    fn add_properties(&mut self, source: &Source) {
        for (key, value) in properties::parse(&source.text) {
            self.properties.insert(format!("propertyset.{}.{key}", source.stem()), value);
        }
    }

    /// A FlowCallout names the bundle. The document in the bundle is usually named `default`.
    fn name_shared_flows(&mut self, sources: Vec<Rc<Source>>) {
        let entry = sources.iter().position(|source| source.stem() == "default").unwrap_or_default();
        for (index, source) in sources.into_iter().enumerate() {
            let document = match index == entry {
                true => {
                    let own = Document::named_after_file(source.clone());
                    self.aliases.extend(own.root().map(|root| root.name.clone()).filter(|name| name != "default"));
                    Document::renamed(source, &self.name)
                }
                false => Document::named_after_file(source),
            };
            self.shared_flows.push(Parsed::shared_flow(document, index));
        }
    }

    /// The resources that policies read: those with a fixed name, or all when a variable names one.
    pub(crate) fn read_resources(&self) -> BTreeMap<&str, &str> {
        let names: Vec<_> = self.policies().flat_map(Policy::resources).map(|url| url.template.as_literal()).collect();
        let is_read = |name: &str| names.iter().any(|read| read.as_deref().is_none_or(|read| read == name));
        let resources = self.resources.iter().filter(|(name, _)| is_read(name));
        resources.map(|(name, text)| (name.as_str(), text.as_str())).collect()
    }

    /// Whether FlowCallouts may know the shared flow by a name that is not that of the bundle.
    pub(crate) fn has_alias(&self, name: &str) -> bool {
        self.aliases.iter().any(|alias| alias == name)
    }

    /// The documents of all flows, in the order of their files.
    pub(crate) fn documents(&self) -> impl Iterator<Item = &Document> {
        let proxies = self.proxy_endpoints.iter().map(|parsed| &parsed.document);
        let targets = self.target_endpoints.iter().map(|parsed| &parsed.document);
        let integrations = self.integration_endpoints.iter().map(|parsed| &parsed.document);
        let shared_flows = self.shared_flows.iter().map(|parsed| &parsed.document);
        let policies = self.policies.iter().map(|parsed| &parsed.document);
        proxies.chain(targets).chain(integrations).chain(shared_flows).chain(policies)
    }

    /// The names of the policies whose documents cannot be read.
    pub(crate) fn broken_policies(&self) -> impl Iterator<Item = &str> {
        self.broken.iter().filter(|(role, _)| *role == Role::Policy).map(|(_, name)| name.as_str())
    }

    /// The names of the endpoints and shared flows that cannot be read: their steps are unknown.
    pub(crate) fn broken_flows(&self) -> impl Iterator<Item = &str> {
        let is_flow = |role: Role| matches!(role, Role::ProxyEndpoint | Role::TargetEndpoint | Role::SharedFlow);
        self.broken.iter().filter(move |(role, _)| is_flow(*role)).map(|(_, name)| name.as_str())
    }

    /// The policies without errors, in the order of their files.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter().filter_map(|parsed| parsed.content.as_ref())
    }

    /// The findings of all documents and files.
    pub(crate) fn findings(&self) -> impl Iterator<Item = Finding> {
        let endpoints = self.proxy_endpoints.iter().flat_map(Parsed::findings);
        let endpoints = endpoints.chain(self.target_endpoints.iter().flat_map(Parsed::findings));
        let endpoints = endpoints.chain(self.integration_endpoints.iter().flat_map(Parsed::findings));
        let flows = self.shared_flows.iter().flat_map(Parsed::findings);
        let policies = self.policies.iter().flat_map(Parsed::findings);
        self.unreadable.iter().cloned().chain(endpoints).chain(flows).chain(policies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(inside: &str, text: &str) -> File {
        File { inside: inside.to_owned(), shown: format!("shown/{inside}"), bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn the_folder_of_a_file_determines_its_role() {
        let cases = [
            ("weather.xml", Some(Role::Base)),
            ("policies/SC 1 copy.xml", Some(Role::Policy)),
            ("policies/SC.XML", Some(Role::Policy)),
            ("policies/notes.md", None),
            ("policies/.SC-1.xml", None),
            ("policies/old/SC-1.xml", None),
            ("Policy/SC-1", Some(Role::Policy)),
            ("APIProxyEndPoint/default.xml", Some(Role::ProxyEndpoint)),
            ("integration-endpoints/orders.xml", Some(Role::IntegrationEndpoint)),
            ("resources/properties/limits.properties", Some(Role::Properties)),
            ("resources/properties/readme.txt", Some(Role::Resource)),
            ("resources/jsc/sign.js", Some(Role::Resource)),
            ("resources/java/sign.jar", None),
            ("manifests/manifest.xml", None),
        ];
        for (inside, role) in cases {
            assert_eq!(Role::from_path(inside), role, "{inside}");
        }
    }

    #[test]
    fn a_bundle_is_sorted_and_named() {
        let files = vec![
            file("policies/b.xml", "<Quota/>"),
            file("policies/a.xml", "<Quota name='A'/>"),
            file("weather.xml", "<APIProxy revision='2' name='weather-v1'/>"),
            file("resources/properties/limits.properties", "max = 5"),
        ];
        let bundle = ParsedBundle::new(Kind::Proxy, "folder", files);
        assert_eq!((bundle.name.as_str(), bundle.revision.as_deref()), ("weather-v1", Some("2")));
        let texts: Vec<_> = bundle.policies.iter().map(|policy| policy.document.text().into_owned()).collect();
        assert_eq!(texts, ["<Quota name='A'/>", "<Quota name=\"b\"/>"]);
        assert_eq!(bundle.properties.get("propertyset.limits.max").map(String::as_str), Some("5"));
    }

    #[test]
    fn conditions_name_policies_with_spaces() {
        let endpoint = |name: &str| {
            let condition = format!("<Condition>quota.{name}.failed = true</Condition>");
            file(
                "proxies/default.xml",
                &format!("<ProxyEndpoint name='p'><RouteRule name='r'>{condition}</RouteRule></ProxyEndpoint>"),
            )
        };
        for (name, findings) in [("Q 1", 0), ("Q 2", 0), ("Q 3", 1)] {
            let files = vec![
                file("policies/a.xml", "<Quota name='Q 1'/>"),
                file("policies/Q 2.xml", "<Quota/>"),
                endpoint(name),
            ];
            let bundle = ParsedBundle::new(Kind::Proxy, "folder", files);
            assert_eq!(bundle.proxy_endpoints.first().unwrap().findings().count(), findings, "{name}");
        }
    }

    #[test]
    fn a_shared_flow_has_the_name_of_its_bundle() {
        let flow = file("sharedflows/default.xml", "<SharedFlow name='default'/>");
        let bundle = ParsedBundle::new(Kind::SharedFlow, "log", vec![flow]);
        assert_eq!(bundle.shared_flows.first().unwrap().document.text(), "<SharedFlow name=\"log\"/>");
    }
}
