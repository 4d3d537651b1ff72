//! Policy documents for the cases, so that each case shows only the elements it is about.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// A ServiceCallout, built element by element. Without `response` it does not wait for the response.
#[derive(Clone, Debug)]
pub struct ServiceCallout {
    name: String,
    url: String,
    attributes: String,
    request: Option<(String, String)>,
    response: Option<String>,
    timeout: Option<u64>,
    properties: String,
    inside: String,
    connection: Option<String>,
}

impl ServiceCallout {
    pub fn new(name: &str, url: &str) -> ServiceCallout {
        ServiceCallout {
            name: name.to_owned(),
            url: url.replace('&', "&amp;"),
            attributes: String::new(),
            request: None,
            response: None,
            timeout: None,
            properties: String::new(),
            inside: String::new(),
            connection: None,
        }
    }

    /// An attribute of the policy.
    pub fn attribute(mut self, name: &str, value: &str) -> ServiceCallout {
        let _ = write!(self.attributes, " {name}=\"{value}\"");
        self
    }

    pub fn continue_on_error(self) -> ServiceCallout {
        self.attribute("continueOnError", "true")
    }

    /// The variable of the request message.
    pub fn variable(mut self, variable: &str) -> ServiceCallout {
        let _ = write!(self.request_mut().0, " variable=\"{variable}\"");
        self
    }

    pub fn keep_payload(mut self) -> ServiceCallout {
        self.request_mut().0.push_str(" clearPayload=\"false\"");
        self
    }

    /// Elements inside `<Request>`, unchanged.
    pub fn request(mut self, elements: &str) -> ServiceCallout {
        self.request_mut().1.push_str(elements);
        self
    }

    /// Elements inside a `<Set>` of the request.
    pub fn set(self, elements: &str) -> ServiceCallout {
        self.request(&format!("<Set>{elements}</Set>"))
    }

    pub fn ignore_unresolved(self) -> ServiceCallout {
        self.request("<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>")
    }

    pub fn response(mut self, variable: &str) -> ServiceCallout {
        self.response = Some(variable.to_owned());
        self
    }

    pub fn timeout(mut self, milliseconds: u64) -> ServiceCallout {
        self.timeout = Some(milliseconds);
        self
    }

    pub fn property(mut self, name: &str, value: &str) -> ServiceCallout {
        let _ = write!(self.properties, "<Property name=\"{name}\">{value}</Property>");
        self
    }

    /// Elements inside `<HTTPTargetConnection>`, unchanged.
    pub fn inside(mut self, elements: &str) -> ServiceCallout {
        self.inside.push_str(elements);
        self
    }

    /// Another connection in place of the URL, unchanged.
    pub fn connection(mut self, element: &str) -> ServiceCallout {
        self.connection = Some(element.to_owned());
        self
    }

    /// The policy document.
    pub fn xml(&self) -> String {
        let request = self
            .request
            .as_ref()
            .map_or_else(String::new, |(attributes, elements)| format!("<Request{attributes}>{elements}</Request>"));
        let element =
            |name: &str, text: Option<String>| text.map_or_else(String::new, |text| format!("<{name}>{text}</{name}>"));
        let connection = self.connection.clone().unwrap_or_else(|| {
            format!(
                "<HTTPTargetConnection>{}<Properties>{}</Properties><URL>{}</URL></HTTPTargetConnection>",
                self.inside, self.properties, self.url
            )
        });
        format!(
            "<ServiceCallout name=\"{}\"{}>{request}{}{}{connection}</ServiceCallout>",
            self.name,
            self.attributes,
            element("Response", self.response.clone()),
            element("Timeout", self.timeout.map(|milliseconds| milliseconds.to_string())),
        )
    }

    /// A configuration that runs only this policy, in the request flow.
    pub fn served_by(&self, cluster: &str) -> Value {
        json!({"policies": [self.xml()], "clusters": {"*": cluster}})
    }

    fn request_mut(&mut self) -> &mut (String, String) {
        self.request.get_or_insert_default()
    }
}

/// An AssignMessage with these elements.
pub fn assign_message(name: &str, elements: &str) -> String {
    format!("<AssignMessage name=\"{name}\">{elements}</AssignMessage>")
}

/// An AssignMessage that sets these parts of the message that its flow is about.
pub fn set(name: &str, elements: &str) -> String {
    assign_message(name, &format!("<Set>{elements}</Set>"))
}

/// An ExtractVariables with these elements.
pub fn extract_variables(name: &str, elements: &str) -> String {
    format!("<ExtractVariables name=\"{name}\">{elements}</ExtractVariables>")
}

/// A RaiseFault whose fault response has these elements.
pub fn raise_fault(name: &str, elements: &str) -> String {
    format!("<RaiseFault name=\"{name}\"><FaultResponse>{elements}</FaultResponse></RaiseFault>")
}

/// A RaiseFault whose fault response sets these parts.
pub fn raise_fault_set(name: &str, elements: &str) -> String {
    raise_fault(name, &format!("<Set>{elements}</Set>"))
}

/// A header, for a `<Set>` or an `<Add>`.
pub fn header(name: &str, value: &str) -> String {
    format!("<Headers><Header name=\"{name}\">{value}</Header></Headers>")
}
