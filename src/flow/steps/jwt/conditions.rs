//! The conditions that a token has to meet in addition to its signature.

use super::claims::is_equal;
use super::failure::JwtFailure;
use crate::flow::host::Host;
use crate::flow::jwt::token::Token;
use crate::flow::transaction::Transaction;
use crate::policy::jwt::{TextValue, VerifyJwt, list, milliseconds};
use serde_json::Value as Json;

/// The unit of durations without a unit. `[inferred]`
const UNIT: &str = "s";

impl<H: Host> Transaction<'_, H> {
    /// Checks the times of a token.
    pub(super) fn check_times(&mut self, policy: &VerifyJwt, token: &Token) -> Result<(), JwtFailure> {
        let now = i64::try_from(self.host.now().as_millis()).unwrap_or(i64::MAX);
        let allowance = i64::try_from(policy.time_allowance).unwrap_or(i64::MAX);
        // A time that is not a number must not count as an absent one.
        let time = |name: &str| match token.payload.get(name) {
            None => Ok(None),
            Some(_) => token.time(name).map(Some).ok_or_else(|| JwtFailure::InvalidClaim(name.to_owned())),
        };
        let (expiry, not_before, issued) = (time("exp")?, time("nbf")?, time("iat")?);
        if expiry.is_some_and(|expiry| now >= expiry.saturating_add(allowance)) {
            return Err(JwtFailure::TokenExpired);
        }
        if not_before.is_some_and(|start| now < start.saturating_sub(allowance)) {
            return Err(JwtFailure::TokenNotYetValid);
        }
        if !policy.ignores_issued_at && issued.is_some_and(|issued| issued > now.saturating_add(allowance)) {
            return Err(JwtFailure::InvalidClaim("iat".to_owned()));
        }
        let Some(lifespan) = &policy.max_lifespan else { return Ok(()) };
        let limit = self.jwt_text(&lifespan.value, policy.ignore_unresolved)?.unwrap_or_default();
        let limit = milliseconds(&limit, UNIT).and_then(|limit| i64::try_from(limit).ok());
        let limit = limit.ok_or_else(|| JwtFailure::InvalidClaim("exp".to_owned()))?;
        let start = if lifespan.from_issue { issued } else { not_before.or(issued) };
        let life = expiry.zip(start).map(|(expiry, start)| expiry.saturating_sub(start));
        match life.is_some_and(|life| life <= limit) {
            true => Ok(()),
            false => Err(JwtFailure::InvalidClaim("exp".to_owned())),
        }
    }

    /// Checks that a token has the required claims and headers.
    pub(super) fn check_claims(&mut self, policy: &VerifyJwt, token: &Token) -> Result<(), JwtFailure> {
        let text = |name: &str| token.payload.get(name).and_then(Json::as_str);
        let is_subject = |wanted: &str| text("sub") == Some(wanted);
        self.check_claim(policy, policy.subject.as_ref(), is_subject, JwtFailure::SubjectMismatch)?;
        let is_issuer = |wanted: &str| text("iss") == Some(wanted);
        self.check_claim(policy, policy.issuer.as_ref(), is_issuer, JwtFailure::IssuerMismatch)?;
        let audience = token.payload.get("aud");
        let is_audience = |wanted: &str| list(wanted).any(|wanted| is_one_of(wanted, audience));
        self.check_claim(policy, policy.audience.as_ref(), is_audience, JwtFailure::AudienceMismatch)?;
        let is_id = |wanted: &str| text("jti") == Some(wanted);
        self.check_claim(policy, policy.id.as_ref(), is_id, JwtFailure::InvalidClaim("jti".to_owned()))?;
        for (claims, members) in [(&policy.claims, &token.payload), (&policy.headers, &token.header)] {
            let wanted =
                self.claim_values(claims, policy.ignore_unresolved, true).map_err(|failure| match failure {
                    JwtFailure::GenerationFailed(name) => JwtFailure::InvalidClaim(name),
                    failure => failure,
                })?;
            for (name, wanted) in wanted {
                if !members.get(&name).is_some_and(|found| is_equal(found, &wanted)) {
                    return Err(JwtFailure::InvalidClaim(name));
                }
            }
        }
        Ok(())
    }

    /// Checks one claim. An unresolved value is empty text, which the claim has to be.
    fn check_claim(
        &mut self,
        policy: &VerifyJwt,
        wanted: Option<&TextValue>,
        is_met: impl Fn(&str) -> bool,
        failure: JwtFailure,
    ) -> Result<(), JwtFailure> {
        let Some(wanted) = wanted else { return Ok(()) };
        let wanted = self.jwt_text(wanted, policy.ignore_unresolved)?.unwrap_or_default();
        if is_met(&wanted) { Ok(()) } else { Err(failure) }
    }

    /// Checks that the policy knows every header in `crit`.
    pub(super) fn check_critical_headers(&mut self, policy: &VerifyJwt, token: &Token) -> Result<(), JwtFailure> {
        let Some(critical) = token.header.get("crit").filter(|_| !policy.ignores_critical_headers) else {
            return Ok(());
        };
        let known = match &policy.known_headers {
            Some(known) => self.jwt_text(known, policy.ignore_unresolved)?.unwrap_or_default(),
            None => "".into(),
        };
        let is_known = |name: &Json| name.as_str().is_some_and(|name| list(&known).any(|known| known == name));
        // RFC 7515 requires a list that is not empty.
        let names = critical.as_array().filter(|names| !names.is_empty());
        let Some(names) = names else { return Err(JwtFailure::UnhandledCriticalHeader(critical.to_string())) };
        match names.iter().find(|name| !is_known(name)) {
            None => Ok(()),
            Some(Json::String(name)) => Err(JwtFailure::UnhandledCriticalHeader(name.clone())),
            Some(other) => Err(JwtFailure::UnhandledCriticalHeader(other.to_string())),
        }
    }
}

/// Whether an audience is one of those of a token.
fn is_one_of(wanted: &str, audience: Option<&Json>) -> bool {
    match audience {
        Some(Json::String(audience)) => audience == wanted,
        Some(Json::Array(audiences)) => audiences.iter().any(|audience| audience.as_str() == Some(wanted)),
        _ => false,
    }
}
