//! Policies that run integrations, and the requests that the service receives.

use crate::lab::{Backend, Message, Received, TOKEN};

/// The worked example of the documentation: a request object of every part, and the policy that runs it.
pub const RISK: &str = r#"<SetIntegrationRequest name="Set-Int"><ProjectId>p1</ProjectId><IntegrationName>risk</IntegrationName>
  <IntegrationRegion>us-west1</IntegrationRegion><ApiTrigger>risk_API_1</ApiTrigger>
  <Parameters><Parameter name="account" type="string" ref="request.queryparam.acct"/>
    <Parameter name="limit" type="integer">250</Parameter>
    <ParameterArray name="tags" type="string"><Value>a</Value><Value>b</Value></ParameterArray></Parameters>
</SetIntegrationRequest>"#;

/// The path of that example's request, and its body for the query `acct=A9`.
pub const RISK_PATH: &str = "/v1/projects/p1/locations/us-west1/integrations/risk:execute";
pub const RISK_BODY: &str = r#"{"triggerId":"api_trigger/risk_API_1","inputParameters":{"account":{"stringValue":"A9"},"limit":{"intValue":"250"},"tags":{"stringArray":{"stringValues":["a","b"]}}}}"#;

/// A SetIntegrationRequest with these elements, above a region and a trigger.
pub fn prepare(elements: &str) -> String {
    format!(
        "<SetIntegrationRequest name=\"SIR\">{elements}<IntegrationRegion>us-west1</IntegrationRegion>\
         <ApiTrigger>t</ApiTrigger></SetIntegrationRequest>"
    )
}

/// Like `prepare`, with these parameters.
pub fn with_parameters(parameters: &str) -> String {
    prepare(&format!("<Parameters>{parameters}</Parameters>"))
}

/// An IntegrationCallout of the default request object.
pub fn run() -> String {
    run_with("<Request>integration.request</Request>")
}

pub fn run_with(elements: &str) -> String {
    format!("<IntegrationCallout name=\"IC-1\">{elements}</IntegrationCallout>")
}

/// An asynchronous one.
pub fn schedule() -> String {
    run_with("<AsyncExecution>true</AsyncExecution><Request>integration.request</Request>")
}

/// The only request of the service, which accepted it, had this path and this body.
#[track_caller]
pub fn assert_ran(api: &Backend, path: &str, body: &str) -> Received {
    let call = api.only_request();
    assert_eq!((call.method.as_str(), call.path_and_query.as_str(), call.text()), ("POST", path, body));
    assert_eq!(call.header_all("authorization"), [format!("Bearer {TOKEN}")]);
    call
}
