//! The predefined variables outside messages: constants, the clock and Envoy's attributes (docs/apigee-semantics.md
//! 8.4).

use crate::flow::certificate::common_name;
use crate::flow::functions::date::Moment;
use crate::flow::functions::random::uuid;
use crate::flow::headers::text;
use crate::flow::host::Host;
use crate::flow::transaction::{Stage, Transaction};
use crate::flow::value::Value;
use crate::policy::origin::Scheme;
use crate::policy::variable::Builtin;
use bytestring::ByteString;
use std::time::Duration;

impl<H: Host> Transaction<'_, H> {
    /// The value of a predefined variable; `None` when it does not resolve here. Constants of the configuration, such
    /// as `organization.name` and `proxy.basepath`, do not resolve here.
    #[inline(never)]
    pub(super) fn builtin(&mut self, builtin: Builtin) -> Option<Value> {
        match builtin {
            Builtin::ProxyPathsuffix => self.pathsuffix().map(Value::String),
            Builtin::ProxyBasepath | Builtin::ApiproxyBasepath | Builtin::ApiproxyName => None,
            Builtin::ApiproxyRevision | Builtin::OrganizationName | Builtin::EnvironmentName => None,
            Builtin::ProxyName => Some(Value::text(self.plan.proxy.name.as_str())),
            Builtin::ProxyUrl => self.proxy_url().map(Value::String),
            Builtin::CurrentFlowName => Some(Value::String(self.flow_name.clone())),
            Builtin::MessageId => Some(Value::String(self.message_id())),
            Builtin::ClientIp | Builtin::ClientResolvedIp | Builtin::ProxyClientIp => {
                let address = self.attribute_text(&["source", "address"])?;
                Some(Value::String(ByteString::from(host_of(&address))))
            }
            Builtin::ClientPort => self.attribute_integer(&["source", "port"]),
            Builtin::ClientScheme => self.client_scheme().map(Value::String),
            Builtin::ClientHost => self.request_header("host"),
            Builtin::ClientSslEnabled => Some(Value::Boolean(
                self.host.attribute(&["connection", "tls_version"]).is_some_and(|version| !version.is_empty()),
            )),
            Builtin::ClientCn => {
                let subject = self.attribute_text(&["connection", "subject_peer_certificate"])?;
                common_name(&subject).map(Value::text)
            }
            Builtin::ClientReceivedStartTimestamp | Builtin::ClientReceivedEndTimestamp => millis(self.received()?),
            Builtin::ClientReceivedStartTime | Builtin::ClientReceivedEndTime => date(self.received()?),
            Builtin::ClientSentStartTimestamp | Builtin::ClientSentEndTimestamp => match self.client_sent {
                Some(time) => millis(time),
                None => Some(Value::Integer(-1)),
            },
            Builtin::ClientSentStartTime | Builtin::ClientSentEndTime => match self.client_sent {
                Some(time) => date(time),
                None => Some(Value::String(ByteString::new())),
            },
            Builtin::SystemTimestamp => millis(self.host.now()),
            Builtin::SystemTime => Some(Value::text(self.moment()?.http_date()?)),
            Builtin::SystemTimeYear => Some(Value::Integer(self.moment()?.year())),
            Builtin::SystemTimeMonth => Some(Value::Integer(self.moment()?.month())),
            Builtin::SystemTimeDay => Some(Value::Integer(self.moment()?.day_of_month())),
            Builtin::SystemTimeDayOfWeek => Some(Value::Integer(self.moment()?.days_from_sunday().saturating_add(1))),
            Builtin::SystemTimeHour => Some(Value::Integer(self.moment()?.hour())),
            Builtin::SystemTimeMinute => Some(Value::Integer(self.moment()?.minute())),
            Builtin::SystemTimeSecond => Some(Value::Integer(self.moment()?.second())),
            Builtin::SystemTimeMillisecond => Some(Value::Integer(self.moment()?.millisecond())),
            Builtin::SystemTimeZone => Some(Value::String(ByteString::from_static("UTC"))),
            Builtin::SystemUuid => self.attribute(&["xds", "node", "id"]).or_else(|| {
                let random = |buffer: &mut [u8]| self.host.random(buffer);
                Some(Value::String(self.worker.uuid(&random).clone()))
            }),
            Builtin::SystemRegionName => self.attribute(&["xds", "node", "locality", "region"]),
            Builtin::SystemPodName => self.attribute(&["xds", "node", "id"]),
            Builtin::TargetIp | Builtin::TargetHost => {
                let address = self.attribute_text(&["upstream", "address"])?;
                Some(Value::String(ByteString::from(host_of(&address))))
            }
            Builtin::TargetUrl | Builtin::TargetEvaluatedUrl => {
                self.target_address()?.url().cloned().map(Value::String)
            }
            Builtin::TargetBasepath => {
                let path = &self.target_address()?.path;
                (!path.is_empty()).then(|| Value::text(format!("/{path}")))
            }
            Builtin::TargetScheme => self.target_scheme().map(|scheme| Value::text(scheme.as_str())),
            Builtin::TargetSslEnabled => self.target_scheme().map(|scheme| Value::Boolean(scheme == Scheme::Https)),
            Builtin::TargetSentStartTimestamp | Builtin::TargetSentEndTimestamp => millis(self.target_times.sent?),
            Builtin::TargetSentStartTime | Builtin::TargetSentEndTime => date(self.target_times.sent?),
            Builtin::TargetReceivedStartTimestamp => millis(self.target_times.received_start?),
            Builtin::TargetReceivedStartTime => date(self.target_times.received_start?),
            Builtin::TargetReceivedEndTimestamp => millis(self.target_times.received_end?),
            Builtin::TargetReceivedEndTime => date(self.target_times.received_end?),
            Builtin::TargetPort => self.attribute_integer(&["upstream", "port"]),
            Builtin::IsError => Some(Value::Boolean(self.stage == Stage::Error)),
        }
    }

    /// The client's path after the base path, or the whole path when the base path is not a prefix.
    fn pathsuffix(&mut self) -> Option<ByteString> {
        let base_path = &self.plan.base_path;
        let path = self.client_request()?.as_request()?.path.clone();
        Some(base_path.suffix(&path).map_or_else(|| path.clone(), |suffix| path.slice_ref(suffix)))
    }

    /// The time since the Unix epoch at which the client's request arrived.
    fn received(&self) -> Option<Duration> {
        let Some(Value::Integer(nanoseconds)) = self.attribute_integer(&["request", "time"]) else { return None };
        u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
    }

    fn target_scheme(&self) -> Option<Scheme> {
        self.target_address()?.server.as_ref().map(|(scheme, _)| *scheme)
    }

    fn moment(&self) -> Option<Moment> {
        Moment::after_epoch(self.host.now())
    }

    fn proxy_url(&mut self) -> Option<ByteString> {
        let scheme = self.client_scheme()?;
        let request = self.client_request()?;
        let line = request.as_request()?;
        let host = request.headers.first_line("host").map(text).unwrap_or_default();
        let mark = if line.query.is_empty() { "" } else { "?" };
        Some(format!("{scheme}://{host}{}{mark}{}", line.path, line.query.as_text()).into())
    }

    /// The HTTP version of the client's request, such as `1.1` or `2.0`, if the plan reads it.
    pub(super) fn client_version(&self) -> Option<ByteString> {
        let protocol = self.plan.needs.request_version.then(|| self.attribute_text(&["request", "protocol"]))??;
        let number = protocol.strip_prefix("HTTP/").filter(|number| !number.is_empty())?;
        let minor = if number.contains('.') { "" } else { ".0" };
        Some(format!("{number}{minor}").into())
    }

    /// The scheme of the client's request: `http` or `https`.
    fn client_scheme(&mut self) -> Option<ByteString> {
        self.client_request()?;
        self.request.as_ref()?.scheme.clone().map(text)
    }

    /// Envoy's request id, or a random id of this transaction when Envoy has none.
    fn message_id(&mut self) -> ByteString {
        if let Some(id) = &self.message_id {
            return id.clone();
        }
        match self.request_header("x-request-id").or_else(|| self.attribute(&["request", "id"])) {
            Some(Value::String(id)) if !id.is_empty() => id,
            _ => {
                let id = ByteString::from(uuid(&|buffer| self.host.random(buffer)));
                self.message_id = Some(id.clone());
                id
            }
        }
    }

    fn request_header(&mut self, name: &str) -> Option<Value> {
        self.client_request()?.headers.first_line(name).map(|line| Value::String(text(line)))
    }

    fn attribute(&self, path: &[&str]) -> Option<Value> {
        self.attribute_text(path).filter(|text| !text.is_empty()).map(Value::String)
    }

    fn attribute_text(&self, path: &[&str]) -> Option<ByteString> {
        self.host.attribute(path).map(text)
    }

    /// An attribute that Envoy serializes as eight little-endian bytes.
    fn attribute_integer(&self, path: &[&str]) -> Option<Value> {
        let bytes = self.host.attribute(path)?;
        Some(Value::Integer(i64::from_le_bytes(bytes.get(..8)?.try_into().ok()?)))
    }
}

fn millis(time: Duration) -> Option<Value> {
    i64::try_from(time.as_millis()).ok().map(Value::Integer)
}

fn date(time: Duration) -> Option<Value> {
    Some(Value::text(Moment::after_epoch(time)?.http_date()?))
}

/// An address without its port and without the brackets of IPv6.
fn host_of(address: &str) -> String {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}
