//! What a callout server does, and what the policy then reports.

use std::time::Duration;

use super::random::Random;

/// The timeout of the policies. A busy machine is faster than this.
pub const TIMEOUT: Duration = Duration::from_secs(3);

/// `max_response_bytes` of the plan.
pub const MAX_RESPONSE_BYTES: usize = 100_000;

/// A behaviour of a server for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Responds with 200.
    Well,
    /// Responds with 200 after 20 ms.
    Slowly,
    /// Responds with 404.
    Unknown,
    /// Responds with 503.
    Unavailable,
    /// Responds after the timeout.
    Late,
    /// Never responds.
    Never,
    /// Resets the connection after the request.
    Reset,
    /// Closes the connection in the body.
    Cut,
    /// Sends more than `max_response_bytes`.
    Oversized,
    /// Sends bytes that are not HTTP.
    Garbage,
}

/// The outcome in the metrics of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Ok,
    ErrorStatus,
    Timeout,
    Unreachable,
    Fault,
}

impl Outcome {
    pub const ALL: [Outcome; 5] =
        [Outcome::Ok, Outcome::ErrorStatus, Outcome::Timeout, Outcome::Unreachable, Outcome::Fault];

    /// The name of the metric.
    pub fn metric(self) -> &'static str {
        match self {
            Outcome::Ok => "outcome.ok",
            Outcome::ErrorStatus => "outcome.error_status",
            Outcome::Timeout => "outcome.timeout",
            Outcome::Unreachable => "outcome.unreachable",
            Outcome::Fault => "outcome.fault",
        }
    }
}

/// Every behaviour with its frequency in a thousand and its name in URLs.
const TABLE: [(Behaviour, u64, &str); 10] = [
    (Behaviour::Well, 744, "well"),
    (Behaviour::Slowly, 60, "slowly"),
    (Behaviour::Unknown, 50, "unknown"),
    (Behaviour::Unavailable, 50, "unavailable"),
    (Behaviour::Late, 3, "late"),
    (Behaviour::Never, 3, "never"),
    (Behaviour::Reset, 30, "reset"),
    (Behaviour::Cut, 20, "cut"),
    (Behaviour::Oversized, 10, "oversized"),
    (Behaviour::Garbage, 30, "garbage"),
];

impl Behaviour {
    /// A random behaviour.
    pub fn random(random: &mut Random) -> Behaviour {
        let mut number = random.below(1000);
        for (behaviour, frequency, _) in TABLE {
            if number < frequency {
                return behaviour;
            }
            number -= frequency;
        }
        panic!("the frequencies are a thousand")
    }

    /// The name in URLs.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|(behaviour, ..)| *behaviour == self).unwrap().2
    }

    /// The behaviour of that name.
    pub fn named(name: &str) -> Option<Behaviour> {
        TABLE.iter().find(|(.., other)| *other == name).map(|(behaviour, ..)| *behaviour)
    }

    /// The reason of the fault, when the policy fails.
    pub fn reason(self, policy: &str) -> Option<String> {
        let reason = match self {
            Behaviour::Well | Behaviour::Slowly => return None,
            Behaviour::Unknown => "ResponseCode 404 is treated as error".to_owned(),
            Behaviour::Unavailable => "ResponseCode 503 is treated as error".to_owned(),
            Behaviour::Late | Behaviour::Never => format!("timeout occurred in {policy}"),
            Behaviour::Reset | Behaviour::Cut => "Connection reset".to_owned(),
            Behaviour::Oversized => format!("Response larger than {MAX_RESPONSE_BYTES} bytes"),
            Behaviour::Garbage => "Protocol error".to_owned(),
        };
        Some(reason)
    }

    /// The status that the response variable has.
    pub fn status(self) -> Option<u16> {
        match self {
            Behaviour::Well | Behaviour::Slowly => Some(200),
            Behaviour::Unknown => Some(404),
            Behaviour::Unavailable => Some(503),
            _ => None,
        }
    }

    /// The outcome in the metrics.
    pub fn outcome(self) -> Outcome {
        match self {
            Behaviour::Well | Behaviour::Slowly => Outcome::Ok,
            Behaviour::Unknown | Behaviour::Unavailable => Outcome::ErrorStatus,
            Behaviour::Late | Behaviour::Never => Outcome::Timeout,
            Behaviour::Reset | Behaviour::Cut | Behaviour::Oversized | Behaviour::Garbage => Outcome::Fault,
        }
    }
}
