//! What the template functions do (semantics section 6.4).
//!
//! Everything here is a pure function of its arguments and of the random bytes it is given.

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

use crate::policy::template::Function;
use bytestring::ByteString;
use encoding::{base64, decode_base64, hex};

/// Runs a template function over arguments already turned into text; `None` means an empty result (semantics 6.4: a
/// function that fails at run time gives the empty string). Arguments beyond those that it takes are ignored.
///
/// `random` fills a buffer with random bytes.
pub(super) fn call(function: Function, arguments: &[ByteString], random: &dyn Fn(&mut [u8])) -> Option<ByteString> {
    let argument = |index: usize| arguments.get(index).map(|text| &**text);
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
        Function::EncodeBase64 => base64(argument(0)?.as_bytes()),
        Function::DecodeBase64 => String::from_utf8_lossy(&decode_base64(argument(0)?)?).into_owned(),
        Function::ToUpperCase => argument(0)?.to_uppercase(),
        Function::ToLowerCase => argument(0)?.to_lowercase(),
        Function::Substring => text::substring(argument(0)?, argument(1)?, argument(2))?.to_owned(),
        Function::EscapeJson => escape::json(argument(0)?)?,
        Function::EscapeXml => escape::xml(argument(0)?),
        Function::EscapeXml11 => escape::xml11(argument(0)?),
        Function::EncodeHtml => escape::html(argument(0)?),
        // All four are UTC: the two without the name were local time once, and are documented as UTC now.
        Function::TimeFormat | Function::TimeFormatUtc => date::format_seconds(argument(0)?, argument(1)?)?,
        Function::TimeFormatMs | Function::TimeFormatUtcMs => date::format_milliseconds(argument(0)?, argument(1)?)?,
        Function::CreateUuid => random::uuid(random),
        Function::RandomLong => random::long(argument(0), argument(1), random)?,
        // Whether an argument resolves is known to the caller alone.
        Function::FirstNonNull => return arguments.first().cloned(),
        Function::ReplaceAll => regex::replace_all(argument(0)?, argument(1)?, argument(2)?)?,
        Function::ReplaceFirst => regex::replace_first(argument(0)?, argument(1)?, argument(2)?)?,
        Function::Xeger => xeger::text(argument(0)?, random)?,
        Function::JsonPath => json_path::find(argument(0)?, argument(1)?, argument(2))?,
        Function::XPath => xpath::find(argument(0)?, argument(1)?, arguments.iter().skip(2).map(|text| &**text))?,
    };
    Some(result.into())
}

#[cfg(test)]
mod tests;
