//! The callout that every variant makes: `GET /geo` with the client's `x-user`, answered with where that user is.

/// The path that the callout asks for, and the client too: ext_authz sends the client's path on.
pub const PATH: &str = "/geo";

/// The client's header that goes into the callout.
pub const USER: &str = "x-user";

/// The header that the upstream must receive, made of the callout's answer.
pub const GEO: &str = "x-geo";

/// The body of the callout's answer for a user; its header `x-geo` says the same, for ext_authz.
pub fn answer(user: &str) -> String {
    format!(r#"{{"user":"{user}","country":"CH","city":"Bern","zone":"Europe/Zurich","lat":46.948,"lon":7.447}}"#)
}
