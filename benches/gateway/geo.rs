//! The callout of every variant: `GET /geo` with the client's `x-user`. The response is the location of the user.

use std::time::Duration;

/// The path of the callout and of the client's request: ext_authz forwards the client's path.
pub const PATH: &str = "/geo";

/// The path of a callout whose response takes [`DELAY`].
pub const SLOW_PATH: &str = "/slow";

/// The delay of a slow response.
pub const DELAY: Duration = Duration::from_millis(20);

/// The header of the client that the callout sends.
pub const USER: &str = "x-user";

/// The header that the upstream must receive, with data of the callout's response.
pub const GEO: &str = "x-geo";

/// The body of the callout's response for a user, which is also its header `x-geo`, for ext_authz.
pub fn location(user: &str) -> String {
    format!(r#"{{"user":"{user}","country":"CH","city":"Bern","zone":"Europe/Zurich","lat":46.948,"lon":7.447}}"#)
}
