//! The template functions at run time (docs/apigee-semantics.md 6.4).
//!
//! Their results depend only on their arguments and on the random bytes.

pub(super) mod date;
mod date_pattern;
mod digest;
mod encoding;
mod escape;
mod json_path;
pub(super) mod random;
mod recent;
mod regex;
mod text;
mod xeger;
mod xpath;

use crate::flow::memory::{TooLarge, check};
use crate::policy::template::Function;
use bytestring::ByteString;
use encoding::{base64, hex};

pub(super) use encoding::{base64 as encode_base64, decode_base64, decode_base64_url, decode_hex};

/// Calls a template function. `None` is an empty result: a function that fails at run time returns empty text
/// (docs/apigee-semantics.md 6.4). Surplus arguments are ignored.
///
/// `random` fills a buffer with random bytes. `most` is the maximum size of the result in bytes.
///
/// # Errors
/// The result is larger.
pub(super) fn call(
    function: Function,
    arguments: &[ByteString],
    random: &dyn Fn(&mut [u8]),
    max_bytes: usize,
) -> Result<Option<ByteString>, TooLarge> {
    let Some(result) = result(function, arguments, random, max_bytes).transpose()? else { return Ok(None) };
    check(result.len(), max_bytes)?;
    Ok(Some(result))
}

/// The result of a function. A function whose result can be larger than its arguments allocates at most `most` bytes.
fn result(
    function: Function,
    arguments: &[ByteString],
    random: &dyn Fn(&mut [u8]),
    max_bytes: usize,
) -> Option<Result<ByteString, TooLarge>> {
    let argument = |index: usize| arguments.get(index).map(|text| &**text);
    let bounded = |result: Result<String, TooLarge>| Some(result.map(ByteString::from));
    let result = match function {
        Function::Md5Hex => hex(&digest::md5(argument(0)?)),
        Function::Sha1Hex => hex(&digest::sha1(argument(0)?)),
        Function::Sha256Hex => hex(&digest::sha256(argument(0)?)),
        Function::Sha384Hex => hex(&digest::sha384(argument(0)?)),
        Function::Sha512Hex => hex(&digest::sha512(argument(0)?)),
        Function::Md5Base64 => base64(&digest::md5(argument(0)?)),
        Function::Sha1Base64 => base64(&digest::sha1(argument(0)?)),
        Function::Sha256Base64 => base64(&digest::sha256(argument(0)?)),
        Function::Sha384Base64 => base64(&digest::sha384(argument(0)?)),
        Function::Sha512Base64 => base64(&digest::sha512(argument(0)?)),
        Function::HmacMd5
        | Function::HmacSha1
        | Function::HmacSha224
        | Function::HmacSha256
        | Function::HmacSha384
        | Function::HmacSha512 => {
            let key = encoding::key_bytes(argument(0)?, argument(2))?;
            encoding::encode(&digest::hmac(function, &key, argument(1)?)?, argument(3))?
        }
        Function::EncodeBase64 => return bounded(encoding::text_as_base64(argument(0)?, max_bytes)),
        Function::DecodeBase64 => return bounded(encoding::base64_as_text(argument(0)?, max_bytes)?),
        Function::ToUpperCase => return bounded(text::upper_case(argument(0)?, max_bytes)),
        Function::ToLowerCase => return bounded(text::lower_case(argument(0)?, max_bytes)),
        Function::Substring => {
            let part = text::substring(argument(0)?, argument(1)?, argument(2))?;
            return Some(Ok(arguments.first()?.slice_ref(part)));
        }
        Function::EscapeJson => return bounded(escape::json(argument(0)?, max_bytes)),
        Function::EscapeXml => return bounded(escape::xml(argument(0)?, max_bytes)),
        Function::EscapeXml11 => return bounded(escape::xml11(argument(0)?, max_bytes)),
        Function::EncodeHtml => return bounded(escape::html(argument(0)?, max_bytes)),
        // One letter of a pattern can expand to a name such as `Coordinated Universal Time`.
        Function::TimeFormat | Function::TimeFormatUtc | Function::TimeFormatMs | Function::TimeFormatUtcMs
            if argument(0)?.len().saturating_mul(date::MAX_BYTES_PER_LETTER) > max_bytes =>
        {
            return Some(Err(TooLarge));
        }
        // All four use UTC. Apigee's documentation once described the first two as local time.
        Function::TimeFormat | Function::TimeFormatUtc => date::format_seconds(argument(0)?, argument(1)?)?,
        Function::TimeFormatMs | Function::TimeFormatUtcMs => date::format_milliseconds(argument(0)?, argument(1)?)?,
        Function::CreateUuid => random::uuid(random),
        Function::RandomLong => random::long(argument(0), argument(1), random)?,
        // The caller selects the first argument that resolves.
        Function::FirstNonNull => return Some(Ok(arguments.first().cloned()?)),
        Function::ReplaceAll => {
            return bounded(regex::replace_all(argument(0)?, argument(1)?, argument(2)?, max_bytes)?);
        }
        Function::ReplaceFirst => {
            return bounded(regex::replace_first(argument(0)?, argument(1)?, argument(2)?, max_bytes)?);
        }
        Function::Xeger => xeger::text(argument(0)?, random)?,
        Function::JsonPath => json_path::find(argument(0)?, argument(1)?, argument(2))?,
        Function::XPath => xpath::find(argument(0)?, argument(1)?, arguments.iter().skip(2).map(|text| &**text))?,
    };
    Some(Ok(result.into()))
}

#[cfg(test)]
mod tests;
