//! The functions that templates can call (docs/apigee-semantics.md 6.4).

use std::fmt;

/// Defines the enum, the look-up by name and the argument counts in one table.
macro_rules! functions {
    ($($variant:ident = $name:literal $(| $alias:literal)*, $min:literal..=$max:literal;)*) => {
        /// A template function. Each variant's documentation is its name in templates.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Function {
            /// Every function.
            pub const ALL: &'static [Function] = &[$(Function::$variant,)*];

            /// Finds a function by its name, case-sensitive.
            pub fn parse(name: &str) -> Option<Function> {
                match name {
                    $($name $(| $alias)* => Some(Function::$variant),)*
                    _ => None,
                }
            }

            /// The name in templates.
            pub fn name(self) -> &'static str {
                match self {
                    $(Function::$variant => $name,)*
                }
            }

            /// Minimum and maximum number of arguments.
            pub fn argument_counts(self) -> (usize, usize) {
                match self {
                    $(Function::$variant => ($min, $max),)*
                }
            }
        }
    };
}

functions! {
    Md5Hex = "md5Hex", 1..=1;
    Sha1Hex = "sha1Hex", 1..=1;
    Sha256Hex = "sha256Hex", 1..=1;
    Sha384Hex = "sha384Hex", 1..=1;
    Sha512Hex = "sha512Hex", 1..=1;
    Md5Base64 = "md5Base64", 1..=1;
    Sha1Base64 = "sha1Base64", 1..=1;
    Sha256Base64 = "sha256Base64", 1..=1;
    Sha384Base64 = "sha384Base64", 1..=1;
    Sha512Base64 = "sha512Base64", 1..=1;
    EncodeBase64 = "encodeBase64", 1..=1;
    DecodeBase64 = "decodeBase64", 1..=1;
    ToUpperCase = "toUpperCase", 1..=1;
    ToLowerCase = "toLowerCase", 1..=1;
    Substring = "substring", 2..=3;
    ReplaceAll = "replaceAll", 3..=3;
    ReplaceFirst = "replaceFirst", 3..=3;
    EscapeJson = "escapeJSON", 1..=1;
    EscapeXml = "escapeXML", 1..=1;
    EscapeXml11 = "escapeXML11", 1..=1;
    EncodeHtml = "encodeHTML", 1..=1;
    TimeFormat = "timeFormat", 2..=2;
    TimeFormatMs = "timeFormatMs", 2..=2;
    TimeFormatUtc = "timeFormatUTC", 2..=2;
    TimeFormatUtcMs = "timeFormatUTCMs", 2..=2;
    HmacMd5 = "hmacMd5", 2..=4;
    HmacSha1 = "hmacSha1", 2..=4;
    HmacSha224 = "hmacSha224", 2..=4;
    HmacSha256 = "hmacSha256", 2..=4;
    HmacSha384 = "hmacSha384", 2..=4;
    HmacSha512 = "hmacSha512", 2..=4;
    CreateUuid = "createUuid", 0..=0;
    RandomLong = "randomLong", 0..=2;
    Xeger = "xeger", 1..=1;
    FirstNonNull = "firstnonnull", 1..=255;
    XPath = "xpath" | "xPath", 2..=13;
    JsonPath = "jsonPath", 2..=3;
}

impl fmt::Display for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
