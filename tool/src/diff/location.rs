//! The path of a value in a configuration, without the parts that every configuration has.

/// Parts that a location omits, because every configuration has the same parts there.
const LEFT_OUT: [&[&str]; 5] = [
    &["static_resources"],
    &["filter_chains", "0", "filters", "envoy.filters.network.http_connection_manager", "typed_config"],
    &["typed_config", "config", "configuration", "value"],
    &["route_config", "virtual_hosts"],
    &["load_assignment", "endpoints"],
];

/// A path.
#[derive(Clone, Debug, Default)]
pub(super) struct Location(Vec<String>);

impl Location {
    /// The path of a part of the value.
    pub(super) fn child(&self, name: impl Into<String>) -> Location {
        Location(self.0.iter().cloned().chain([name.into()]).collect())
    }

    /// The last part.
    pub(super) fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The text of the path.
    pub(super) fn text(&self) -> String {
        let mut parts: Vec<&str> = Vec::new();
        let mut rest: &[String] = &self.0;
        while let Some((first, after)) = rest.split_first() {
            match LEFT_OUT.iter().find(|known| starts_with(rest, known)) {
                Some(known) => rest = rest.get(known.len()..).unwrap_or_default(),
                None => {
                    parts.push(first);
                    rest = after;
                }
            }
        }
        parts.join("/")
    }
}

fn starts_with(path: &[String], known: &[&str]) -> bool {
    path.len() >= known.len() && path.iter().zip(known).all(|(part, known)| part == known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_parts_are_left_out() {
        let text = |path: &str| path.split('|').fold(Location::default(), Location::child_of).text();
        let manager = "static_resources|listeners|proxy|filter_chains|0|filters|envoy.filters.network.http_connection_manager|typed_config";
        assert_eq!(
            text(&format!("{manager}|route_config|virtual_hosts|proxies|routes")),
            "listeners/proxy/proxies/routes"
        );
        let filter = "http_filters|callout.p.default|typed_config|config|configuration|value|policies|SC|Timeout";
        assert_eq!(
            text(&format!("{manager}|{filter}")),
            "listeners/proxy/http_filters/callout.p.default/policies/SC/Timeout"
        );
        assert_eq!(text("static_resources|clusters|a|type"), "clusters/a/type");
    }

    impl Location {
        fn child_of(self, name: &str) -> Location {
            self.child(name)
        }
    }
}
