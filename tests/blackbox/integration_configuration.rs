//! Diagnostics of integrations in a configuration.

use serde_json::json;

use crate::configuration::{accepted_with, rejected};
use crate::integration::{RISK, prepare, run};
use crate::lab::{Lab, Listener};

const ENDPOINT: &str = "<IntegrationEndpoint name='risk'/>";

fn proxy(endpoint: &str) -> String {
    format!(
        "<ProxyEndpoint name='default'>\n<RouteRule name='r'><IntegrationEndpoint>{endpoint}</IntegrationEndpoint></RouteRule></ProxyEndpoint>"
    )
}

pub fn cases(lab: &mut Lab) {
    rejected(
        lab,
        "policies",
        Listener::new(json!({
            "policies": [
                "<SetIntegrationRequest name='S1'><IntegrationRegion>r</IntegrationRegion></SetIntegrationRequest>",
                "\n <SetIntegrationRequest name='S2'><ApiTrigger>t</ApiTrigger><IntegrationRegion/></SetIntegrationRequest>",
                "<SetIntegrationRequest><IntegrationRegion>r</IntegrationRegion><ApiTrigger>t</ApiTrigger></SetIntegrationRequest>",
                prepare("\n<Parameters><Parameter name='a' type='number'>1</Parameter></Parameters>").replace("SIR", "S3"),
                prepare("\n<Parameters><ParameterArray name='a' type='json'/></Parameters>").replace("SIR", "S4"),
                prepare("\n<Parameters><Parameter type='string'>1</Parameter></Parameters>").replace("SIR", "S5"),
                prepare("\n<ProjectId>{nope(a)}</ProjectId>").replace("SIR", "S6"),
                "<IntegrationCallout name='C1'/>",
                "<IntegrationCallout name='C2'>\n<Request/></IntegrationCallout>",
            ],
            "clusters": {"*": "api"},
            "google": {"metadata_cluster": "metadata", "project": "p"},
        })),
        &[
            "S1, line 1, column 1: SetIntegrationRequest[S1]: ApiTrigger is missing",
            "S2, line 2, column 2: SetIntegrationRequest[S2]: IntegrationRegion is missing",
            "policies[2], line 1, column 1: MissingName: Required attribute name is missing in SetIntegrationRequest",
            "S3, line 2, column 33: type must be one of string, integer, double, boolean, json, got \"number\"",
            "S4, line 2, column 38: type must be one of string, integer, double, boolean, got \"json\"",
            "S5, line 2, column 13: MissingName: Required attribute name is missing in Parameter",
            "S6, line 2, column 1: entities.UnknownStringFunction: unknown template function nope",
            "C1, line 1, column 1: IntegrationCallout[C1]: Request is missing",
            "C2, line 1, column 1: IntegrationCallout[C2]: Request is missing",
        ],
    );

    // No identity for either, no project, and no cluster for a fixed region.
    rejected(
        lab,
        "needs_of_policies",
        Listener::new(json!({
            "policies": [prepare("").replace("<IntegrationRegion>", "\n<IntegrationRegion>"), run()],
            "clusters": {"https://us-east1-integrations.googleapis.com": "api"},
            "proxy": {"name": "orders", "revision": 3},
        })),
        &[
            "SIR, line 1, column 1: SetIntegrationRequest[SIR]: ProjectId and google.project are missing",
            r#"SIR, line 1, column 1: no cluster serves https://us-west1-integrations.googleapis.com: add {"https://us-west1-integrations.googleapis.com": CLUSTER} to the filter's clusters"#,
            "IC-1, line 1, column 1: FAILED_PRECONDITION: Deployment of \"organizations/-/apis/orders/revisions/3\" requires a service account \
             identity, but one was not provided with the request: set google.metadata_cluster",
        ],
    );
    rejected(
        lab,
        "needs_of_route_rules",
        Listener::new(json!({
            "policies": [RISK],
            "proxy_endpoint": proxy("other"),
            "integration_endpoints": [ENDPOINT, ENDPOINT, "<IntegrationEndpoint/>", "<TargetEndpoint name='t'/>"],
            "clusters": {"*": "api"},
            "google": {},
        })),
        &[
            "ProxyEndpoint default, line 2, column 21: unknown integration endpoint other: add it to integration_endpoints",
            "ProxyEndpoint default, line 2, column 21: FAILED_PRECONDITION: Deployment of \"organizations/-/apis/-/revisions/-\" requires a service \
             account identity, but one was not provided with the request: set google.metadata_cluster",
            "integration_endpoints[1]: duplicate integration endpoint risk",
            "integration_endpoints[2], line 1, column 1: MissingName: Required attribute name is missing in IntegrationEndpoint",
            "integration_endpoints[3], line 1, column 1: the root element is TargetEndpoint, not IntegrationEndpoint",
        ],
    );
    rejected(
        lab,
        "endpoints_without_a_proxy",
        Listener::new(json!({
            "policies": [RISK],
            "integration_endpoints": [ENDPOINT],
            "clusters": {"*": "api"},
        })),
        &["integration_endpoints requires proxy_endpoint"],
    );

    // A policy that does not run needs no identity; a region from a variable needs no cluster at load.
    accepted_with(
        lab,
        "accepted",
        Listener::new(json!({
            "policies": [
                prepare("<Odd/>").replace(">us-west1<", " ref='system.region.name'><"),
                run().replace("name=", "enabled=\"false\" name="),
            ],
            "proxy": {"organization": "acme"},
        })),
        &["SIR, line 1, column 35: unknown element Odd in SetIntegrationRequest is ignored"],
    );
}
