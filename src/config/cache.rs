//! `cache`: the settings of caches.

mod flows;

pub(super) use flows::Flows;

use super::keys::Section;
use super::known;
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{CacheSettings, Constant};
use bytestring::ByteString;
use std::collections::BTreeMap;

/// The default of `cache.max_bytes` in bytes: 8 MiB.
const DEFAULT_MAX_BYTES: usize = 8 << 20;

/// Reads the settings, and whether one call serves all requests that wait for an entry. `bytes` is the text of the
/// configuration.
pub(super) fn read(
    section: &Section<'_>,
    constants: &BTreeMap<ByteString, Constant>,
    body_memory_bytes: usize,
    bytes: &[u8],
    diagnostics: &mut Diagnostics,
) -> (CacheSettings, bool) {
    let settings = section.section("cache", diagnostics);
    if let Some(settings) = &settings {
        settings.check_keys(&known::CACHE, diagnostics);
    }
    let configured = settings.as_ref().and_then(|settings| settings.integer("max_bytes", diagnostics));
    let coalesces = settings.and_then(|settings| settings.boolean("coalesce", diagnostics)).unwrap_or(false);
    // Entries use the memory for bodies, and bodies need a part of it.
    let most = body_memory_bytes.checked_div(2).unwrap_or_default();
    if configured.is_some_and(|max_bytes| max_bytes > most) {
        let message = format!("cache.max_bytes must be at most half of body_memory_bytes, {most}");
        diagnostics.error(Code::InvalidValue, None, message);
    }
    let max_bytes = configured.unwrap_or(DEFAULT_MAX_BYTES.min(most));
    if !constants.contains_key("apiproxy.name") {
        let own = format!("{:016x}", fingerprint(bytes));
        // The memory that workers share cannot be given back, so each configuration uses the same.
        return (CacheSettings::new(own.as_str().into(), "", max_bytes), coalesces);
    }
    let name = |variable: &str| constants.get(variable).and_then(Constant::as_text).map_or("", |text| &**text);
    let environment = format!("{}/{}", name("organization.name"), name("environment.name"));
    (CacheSettings::new(ByteString::new(), &environment, max_bytes), coalesces)
}

/// The FNV-1a hash of a configuration.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use crate::config;

    #[test]
    fn the_memory_of_entries_is_a_part_of_that_for_bodies() {
        let problems = |cache: &str| {
            let text = format!(r#"{{"policies": [], "body_memory_bytes": 1000, "cache": {cache}}}"#);
            let problems = config::load(text.as_bytes()).err().unwrap_or_default();
            problems.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(problems(r#"{"max_bytes": 500}"#), Vec::<String>::new());
        assert_eq!(
            problems(r#"{"max_bytes": 501}"#),
            ["cache.max_bytes must be at most half of body_memory_bytes, 500"]
        );
        assert_eq!(problems(r#"{"maxbytes": 1}"#), ["unknown key cache.maxbytes; did you mean max_bytes?"]);
    }
}
