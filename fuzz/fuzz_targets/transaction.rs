//! Whole transactions do not panic for a host that gives them any bytes: headers with any names and values, missing
//! pseudo-headers, bodies that are not text, failing calls, attributes, filter state, and little memory.
#![no_main]

use bytes::Bytes;
use envoy_callout::config::{self, Loaded};
use envoy_callout::flow::call::{CallFailure, CallReply};
use envoy_callout::flow::headers::Headers;
use envoy_callout::flow::scripted::Scripted;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use std::time::Duration;

#[derive(Arbitrary, Debug)]
struct Input<'i> {
    seconds: u32,
    method: &'i [u8],
    path: &'i [u8],
    has_authority: bool,
    request: Vec<(&'i [u8], &'i [u8])>,
    body: Option<&'i [u8]>,
    replies: Vec<Result<Message<'i>, u8>>,
    response: Option<Message<'i>>,
    attribute: &'i [u8],
    state: &'i [u8],
    memory: Option<u16>,
}

#[derive(Arbitrary, Debug)]
struct Message<'i> {
    status: u16,
    headers: Vec<(&'i [u8], &'i [u8])>,
    body: &'i [u8],
}

const CALL: &str = "<ServiceCallout name='SC' continueOnError='true'><Request><IgnoreUnresolvedVariables>true
    </IgnoreUnresolvedVariables><Copy source='request'><Headers/><QueryParams/><Payload>true</Payload></Copy>
    <Set><Headers><Header name='a'>{request.header.a}</Header></Headers></Set></Request><Response>reply</Response>
    <HTTPTargetConnection><URL>http://{request.header.host}/{request.queryparam.a}</URL></HTTPTargetConnection></ServiceCallout>";

const EXTRACT: &str = "<ExtractVariables name='EV'><Source>reply</Source><IgnoreUnresolvedVariables>true
    </IgnoreUnresolvedVariables><JSONPayload><Variable name='v'><JSONPath>$..a</JSONPath></Variable></JSONPayload>
    <XMLPayload><Variable name='w'><XPath>//a</XPath></Variable></XMLPayload><Header name='a'><Pattern>{x}:{y}</Pattern></Header>
    <URIPath><Pattern>/{p}/*</Pattern></URIPath><QueryParam name='a'><Pattern>{q}</Pattern></QueryParam></ExtractVariables>";

const ASSIGN: &str = "<AssignMessage name='AM'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
    <AssignVariable><Name>a</Name><Template>{reply.content}{request.content}{client.ip}{proxy.client.ip}{system.timestamp}
    {timeFormatUTCMs('yyyy-MM-dd',system.timestamp)}{escapeJSON(reply.content)}{encodeBase64(request.content)}</Template>
    </AssignVariable></AssignMessage>";

const DOWN: &str = "<AssignMessage name='AM-Down'><IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
    <Set><Headers><Header name='a'>{response.header.a}{a}</Header></Headers><Payload>{response.content}{a}</Payload></Set>
    <AssignTo createNew='false' type='response'>response</AssignTo></AssignMessage>";

fn plan() -> Loaded {
    let configuration = json!({
        "policies": [CALL, EXTRACT, ASSIGN, DOWN],
        "request": ["SC", "EV", {"step": "AM", "condition": "request.header.a ~~ \".*b\" or reply.status.code >= 300"}],
        "response": ["SC", "AM-Down"],
        "clusters": {"*": "any"},
        "filter_state": ["*"],
    });
    config::load(configuration.to_string().as_bytes()).unwrap()
}

fn headers(pseudo: &[(&'static str, Bytes)], lines: &[(&[u8], &[u8])]) -> Headers {
    let pseudo = pseudo.iter().map(|(name, value)| (Bytes::from_static(name.as_bytes()), value.clone()));
    let lines = lines.iter().map(|(name, value)| (Bytes::copy_from_slice(name), Bytes::copy_from_slice(value)));
    Headers::new(pseudo.chain(lines).collect())
}

fn reply(message: &Message<'_>) -> CallReply {
    let headers = headers(&[], &message.headers);
    CallReply { status: message.status, headers, body: Bytes::copy_from_slice(message.body) }
}

fuzz_target!(|input: Input<'_>| {
    thread_local!(static PLAN: Loaded = plan());
    let mut pseudo =
        vec![(":method", Bytes::copy_from_slice(input.method)), (":path", Bytes::copy_from_slice(input.path))];
    if input.has_authority {
        pseudo.push((":authority", Bytes::from_static(b"client.test")));
    }
    let mut host = Scripted {
        now: Duration::from_secs(input.seconds.into()),
        request: headers(&pseudo, &input.request),
        request_body: input.body.map(Bytes::copy_from_slice),
        response: input.response.as_ref().map(|message| {
            let status = Bytes::from(message.status.to_string());
            headers(&[(":status", status)], &message.headers)
        }),
        response_body: input.response.as_ref().map(|message| Bytes::copy_from_slice(message.body)),
        memory_left: input.memory.map(usize::from),
        ..Scripted::default()
    };
    for name in ["source.address", "source.port", "request.time", "request.id"] {
        host.attributes.insert(name.to_owned(), Bytes::copy_from_slice(input.attribute));
    }
    host.filter_state.borrow_mut().insert("a".to_owned(), Bytes::copy_from_slice(input.state));
    for given in &input.replies {
        host.replies.borrow_mut().push_back(match given {
            Ok(message) => Ok(reply(message)),
            Err(number) if number % 2 == 0 => Err(CallFailure::Timeout),
            Err(_) => Err(CallFailure::Unreachable),
        });
    }
    PLAN.with(|loaded| host.run(&loaded.plan));
});
