//! The predefined flow variables outside messages that this filter supports (docs/apigee-semantics.md 8.3 and 8.4).

/// Defines the enum, its doc comments and the look-up in one table.
macro_rules! builtins {
    ($($variant:ident = $name:literal,)*) => {
        /// A predefined flow variable. Each variant's documentation is the variable's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Builtin {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Builtin {
            /// The names of all.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// Finds a variable by its name.
            pub fn parse(name: &str) -> Option<Builtin> {
                match name {
                    $($name => Some(Builtin::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

impl Builtin {
    /// Whether policies cannot set it (docs/apigee-semantics.md 8.4).
    pub fn is_read_only(self) -> bool {
        !matches!(self, Builtin::TargetUrl | Builtin::TargetEvaluatedUrl)
    }
}

builtins! {
    ProxyBasepath = "proxy.basepath",
    ProxyPathsuffix = "proxy.pathsuffix",
    ProxyName = "proxy.name",
    ProxyUrl = "proxy.url",
    ProxyClientIp = "proxy.client.ip",
    ApiproxyName = "apiproxy.name",
    ApiproxyRevision = "apiproxy.revision",
    ApiproxyBasepath = "apiproxy.basepath",
    OrganizationName = "organization.name",
    EnvironmentName = "environment.name",
    CurrentFlowName = "current.flow.name",
    MessageId = "messageid",
    ClientIp = "client.ip",
    ClientResolvedIp = "client.resolved.ip",
    ClientPort = "client.port",
    ClientScheme = "client.scheme",
    ClientHost = "client.host",
    ClientSslEnabled = "client.ssl.enabled",
    ClientCn = "client.cn",
    ClientReceivedStartTimestamp = "client.received.start.timestamp",
    ClientReceivedStartTime = "client.received.start.time",
    ClientReceivedEndTimestamp = "client.received.end.timestamp",
    ClientReceivedEndTime = "client.received.end.time",
    ClientSentStartTimestamp = "client.sent.start.timestamp",
    ClientSentStartTime = "client.sent.start.time",
    ClientSentEndTimestamp = "client.sent.end.timestamp",
    ClientSentEndTime = "client.sent.end.time",
    SystemTimestamp = "system.timestamp",
    SystemTime = "system.time",
    SystemTimeYear = "system.time.year",
    SystemTimeMonth = "system.time.month",
    SystemTimeDay = "system.time.day",
    SystemTimeDayOfWeek = "system.time.dayofweek",
    SystemTimeHour = "system.time.hour",
    SystemTimeMinute = "system.time.minute",
    SystemTimeSecond = "system.time.second",
    SystemTimeMillisecond = "system.time.millisecond",
    SystemTimeZone = "system.time.zone",
    SystemUuid = "system.uuid",
    SystemRegionName = "system.region.name",
    SystemPodName = "system.pod.name",
    TargetUrl = "target.url",
    TargetEvaluatedUrl = "target.evaluated.url",
    TargetBasepath = "target.basepath",
    TargetScheme = "target.scheme",
    TargetSslEnabled = "target.ssl.enabled",
    TargetSentStartTimestamp = "target.sent.start.timestamp",
    TargetSentStartTime = "target.sent.start.time",
    TargetSentEndTimestamp = "target.sent.end.timestamp",
    TargetSentEndTime = "target.sent.end.time",
    TargetReceivedStartTimestamp = "target.received.start.timestamp",
    TargetReceivedStartTime = "target.received.start.time",
    TargetReceivedEndTimestamp = "target.received.end.timestamp",
    TargetReceivedEndTime = "target.received.end.time",
    TargetIp = "target.ip",
    TargetPort = "target.port",
    TargetHost = "target.host",
    IsError = "is.error",
}
