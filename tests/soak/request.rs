//! A request of the soak: which servers fail, and how.

use std::fmt;

use super::behaviour::Behaviour;
use super::lab::Request;
use super::ledger::Ledger;
use super::random::Random;

/// A request and the behaviours that it injects.
#[derive(Clone)]
pub struct Ask {
    pub listener: &'static str,
    pub id: String,
    pub user: Behaviour,
    pub optional: Option<Behaviour>,
    /// Whether the callout to the server that is killed runs.
    pub kill: bool,
    pub audit: Option<Behaviour>,
    pub body: Option<String>,
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.id, self.listener)?;
        for (name, value) in self.headers().iter().filter(|(name, _)| *name != "x-id") {
            write!(f, ", {name} {value}")?;
        }
        write!(f, ", body of {} bytes)", self.body.as_deref().map_or(0, str::len))
    }
}

impl Ask {
    /// A request with random behaviours.
    pub fn random(listener: &'static str, ledger: &Ledger, random: &mut Random) -> Ask {
        let mut some = |of: u64| random.one_in(of).then(|| Behaviour::random(random));
        let (optional, audit) = (some(2), some(3));
        let length = if random.one_in(100) { 60_000 } else { random.below(4000) };
        // Ids contain digits, so bodies do not.
        let letter = char::from(b'a' + u8::try_from(random.below(17)).unwrap());
        let body = random.one_in(2).then(|| String::from(letter).repeat(usize::try_from(length).unwrap()));
        Ask { listener, id: ledger.start(), user: Behaviour::random(random), optional, kill: false, audit, body }
    }

    /// A request without failures.
    pub fn plain(listener: &'static str, ledger: &Ledger) -> Ask {
        let (user, audit) = (Behaviour::Well, Some(Behaviour::Well));
        Ask { listener, id: ledger.start(), user, optional: None, kill: false, audit, body: None }
    }

    /// The headers that select the behaviours.
    pub fn headers(&self) -> Vec<(&'static str, &str)> {
        let behaviours = [("x-user", Some(self.user)), ("x-optional", self.optional), ("x-audit", self.audit)];
        let behaviours = behaviours.into_iter().filter_map(|(name, behaviour)| Some((name, behaviour?.name())));
        let kill = self.kill.then_some(("x-kill", "1"));
        [("x-id", self.id.as_str())].into_iter().chain(behaviours).chain(kill).collect()
    }

    /// The path.
    pub fn path(&self) -> String {
        format!("/s/{}", self.id)
    }

    /// The request as the lab sends it.
    pub fn to_request(&self) -> Request {
        let request = match &self.body {
            Some(body) => Request::post(&self.path(), "text/plain", body.clone()),
            None => Request::get(&self.path()),
        };
        self.headers().into_iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}
