//! The Envoy clusters of callouts, by origin.

use super::Server;
use crate::policy::origin::Origin;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The `clusters` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clusters {
    by_origin: BTreeMap<Origin, String>,
    any: Option<String>,
}

impl Clusters {
    /// Sets the cluster of an origin.
    pub fn insert(&mut self, origin: Origin, cluster: String) {
        self.by_origin.insert(origin, cluster);
    }

    /// The first unknown `{name}` in the pattern for all other origins.
    pub fn unknown_placeholder(pattern: &str) -> Option<&str> {
        let braced = pattern.split_inclusive('}').filter_map(|part| part.get(part.rfind('{')?..));
        let mut braced = braced.filter(|part| part.ends_with('}'));
        braced.find(|part| !matches!(*part, "{scheme}" | "{host}" | "{port}"))
    }

    /// Sets the cluster of all other origins. `{scheme}`, `{host}` and `{port}` in it are replaced by those of the
    /// origin.
    pub fn set_any(&mut self, cluster: String) {
        self.any = Some(cluster);
    }

    /// Whether there is a cluster for all other origins.
    pub fn has_any(&self) -> bool {
        self.any.is_some()
    }

    /// The server of an origin, if it has a cluster.
    pub fn server(&self, origin: &Origin) -> Option<Server> {
        Some(Server {
            cluster: self.serving(origin)?.as_ref().into(),
            scheme: origin.scheme,
            authority: origin.authority().into(),
        })
    }

    /// Whether the origin is listed by itself.
    pub fn names(&self, origin: &Origin) -> bool {
        self.by_origin.contains_key(origin)
    }

    fn serving(&self, origin: &Origin) -> Option<Cow<'_, str>> {
        if let Some(cluster) = self.by_origin.get(origin) {
            return Some(Cow::Borrowed(cluster));
        }
        let pattern = self.any.as_deref()?;
        if !pattern.contains('{') {
            return Some(Cow::Borrowed(pattern));
        }
        let cluster = pattern
            .replace("{scheme}", origin.scheme.as_str())
            .replace("{host}", &origin.host.to_string())
            .replace("{port}", &origin.port.to_string());
        Some(Cow::Owned(cluster))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_its_own_cluster_or_the_default() {
        let origin = |text| Origin::parse(text).unwrap();
        let mut clusters = Clusters::default();
        clusters.insert(origin("https://maps.googleapis.com"), "maps".to_owned());
        assert_eq!(clusters.serving(&origin("https://maps.googleapis.com:443")).as_deref(), Some("maps"));
        assert_eq!(clusters.serving(&origin("http://maps.googleapis.com")), None);
        clusters.set_any("outbound|{port}||{host}".to_owned());
        assert_eq!(clusters.serving(&origin("http://b:8080")).as_deref(), Some("outbound|8080||b"));
        assert_eq!(clusters.serving(&origin("https://maps.googleapis.com")).as_deref(), Some("maps"));
        assert_eq!(Clusters::unknown_placeholder("outbound|{port}||{host}"), None);
        assert_eq!(Clusters::unknown_placeholder("{scheme}-{hots}.{port"), Some("{hots}"));
        clusters.set_any("forward_proxy".to_owned());
        assert_eq!(clusters.serving(&origin("http://b")).as_deref(), Some("forward_proxy"));
    }
}
