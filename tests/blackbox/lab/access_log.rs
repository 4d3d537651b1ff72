//! The access log of a listener, one JSON object per line.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

const ENTRY_LIMIT: Duration = Duration::from_secs(5);

/// Envoy's log entry about one stream after its end.
#[derive(Clone, Debug)]
pub struct LogEntry {
    fields: Map<String, Value>,
}

impl LogEntry {
    /// The status the client got; 0 if it disconnected before.
    pub fn status(&self) -> u16 {
        self.fields["status"].as_u64().unwrap().try_into().unwrap()
    }

    /// `%RESPONSE_CODE_DETAILS%`.
    pub fn details(&self) -> Option<&str> {
        self.fields["details"].as_str()
    }

    /// `%RESPONSE_FLAGS%`, such as `DC` or `UF`.
    pub fn flags(&self) -> Option<&str> {
        self.fields["flags"].as_str()
    }

    /// The published flow variable, which the listener declared with `log_state`.
    pub fn state(&self, variable: &str) -> Option<&str> {
        self.fields.get(&state_field(variable)).unwrap_or_else(|| panic!("{variable} is not in log_state")).as_str()
    }
}

/// The `AccessLog` of a listener.
pub fn to_json(path: &Path, variables: &[String]) -> Value {
    let mut format = json!({
        "status": "%RESPONSE_CODE%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "flags": "%RESPONSE_FLAGS%",
    });
    for variable in variables {
        format[state_field(variable)] = json!(format!("%FILTER_STATE(wasm.{variable}:PLAIN)%"));
    }
    json!({
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": path,
            "log_format": {"json_format": format},
        },
    })
}

/// Waits until the log has this many entries.
pub async fn wait_for_entries(path: &Path, count: usize) -> Vec<LogEntry> {
    let read = async {
        loop {
            let entries = entries(path);
            if entries.len() >= count {
                return entries;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(ENTRY_LIMIT, read).await.unwrap_or_else(|_| {
        panic!("{} instead of {count} access log entries after {ENTRY_LIMIT:?}", entries(path).len())
    })
}

fn entries(path: &Path) -> Vec<LogEntry> {
    let bytes = std::fs::read(path).unwrap_or_default();
    // The last line may be incomplete.
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    lines.map(|line| LogEntry { fields: serde_json::from_slice(line).unwrap() }).collect()
}

fn state_field(variable: &str) -> String {
    format!("wasm.{variable}")
}
