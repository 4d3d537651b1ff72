use super::check;

const SHA256_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const SHA384_OF_ABC: &str =
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7";
const SHA512_OF_ABC: &str = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
     2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

#[test]
fn digests() {
    check(&[
        // RFC 1321, FIPS 180-4.
        ("md5Hex", &["abc"], Some("900150983cd24fb0d6963f7d28e17f72")),
        ("sha1Hex", &["abc"], Some("a9993e364706816aba3e25717850c26c9cd0d89d")),
        ("sha256Hex", &["abc"], Some(SHA256_OF_ABC)),
        ("sha384Hex", &["abc"], Some(SHA384_OF_ABC)),
        ("sha512Hex", &["abc"], Some(SHA512_OF_ABC)),
        ("md5Base64", &["abc"], Some("kAFQmDzST7DWlj99KOF/cg==")),
        ("sha1Base64", &["abc"], Some("qZk+NkcGgWq6PiVxeFDCbJzQ2J0=")),
        ("sha256Base64", &["abc"], Some("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")),
        ("sha384Base64", &["abc"], Some("ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn")),
        (
            "sha512Base64",
            &["abc"],
            Some("3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="),
        ),
        ("md5Hex", &[""], Some("d41d8cd98f00b204e9800998ecf8427e")),
        ("sha1Hex", &[""], Some("da39a3ee5e6b4b0d3255bfef95601890afd80709")),
        ("sha256Hex", &[""], Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
        ("md5Hex", &["ä€"], Some("f1e21d5366cff108f242f8e4853aabae")),
    ]);
}

/// The key and text of test case 2 of RFC 2202 and RFC 4231.
const KEY: &str = "Jefe";
const TEXT: &str = "what do ya want for nothing?";
const SHA256_CODE: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
const SHA384_CODE: &str =
    "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649";
const SHA512_CODE: &str = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a\
     6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";

#[test]
fn codes() {
    check(&[
        ("hmacMd5", &[KEY, TEXT, "utf-8", "hex"], Some("750c783e6ab0b503eaa86e310a5db738")),
        ("hmacSha1", &[KEY, TEXT, "utf-8", "hex"], Some("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")),
        ("hmacSha224", &[KEY, TEXT, "utf-8", "hex"], Some("a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44")),
        ("hmacSha256", &[KEY, TEXT, "utf-8", "hex"], Some(SHA256_CODE)),
        ("hmacSha384", &[KEY, TEXT, "utf-8", "hex"], Some(SHA384_CODE)),
        ("hmacSha512", &[KEY, TEXT, "utf-8", "hex"], Some(SHA512_CODE)),
        ("hmacMd5", &[KEY, TEXT], Some("dQx4PmqwtQPqqG4xCl23OA==")),
        ("hmacSha1", &[KEY, TEXT], Some("7/zfauXrL6LSdBbV8YTfnCWafHk=")),
        ("hmacSha224", &[KEY, TEXT], Some("ow4BCYvG279FaQ86fp5tD4u+oqOeYUgAj9BeRA==")),
        ("hmacSha256", &[KEY, TEXT], Some("W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=")),
        ("hmacSha384", &[KEY, TEXT], Some("r0XS43ZIQDFhf3jStYprG5x+9GT1oBtH5C7Dc2MiRF6OIkDKXmnix4syOez6shZJ")),
        (
            "hmacSha512",
            &[KEY, TEXT],
            Some("Fkt6e/z4GeLjlfvnO1bgo4e9ZCIugx/WECcM1+olBVSXWL91wFqZSm0DT2X48Ob9yuqxo01Ka0tjbgcKOLznNw=="),
        ),
    ]);
}

#[test]
fn encodings_of_keys_and_codes() {
    const TEXT: &str = "Hi There";
    // Test case 1 of RFC 4231.
    const CODE: &str = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
    const BYTES: &str = "0b0b0b0b0b0b0b0b0B0B0B0B0B0B0B0B0b0b0b0b";
    check(&[
        ("hmacSha256", &[BYTES, TEXT, "hex", "base16"], Some(CODE)),
        ("hmacSha256", &[BYTES, TEXT, "Base16", "HEX"], Some(CODE)),
        ("hmacSha256", &["CwsLCwsLCwsLCwsLCwsLCwsLCws=", TEXT, "BASE64", "Hex"], Some(CODE)),
        ("hmacSha256", &["CwsLCwsLCwsLCwsLCwsLCwsLCws", TEXT, "base64", "hex"], Some(CODE)),
        ("hmacSha256", &["Jefe", "what do ya want for nothing?", "UTF-8", "hex"], Some(SHA256_CODE)),
        ("hmacSha256", &[BYTES, TEXT, "hex", "Base64"], Some("sDRMYdjbOFNcqK/OrwvxK4gdwgDJgz2nJuk3bC4yz/c=")),
        ("hmacSha256", &["0b0", TEXT, "hex"], None),
        ("hmacSha256", &["zz", TEXT, "hex"], None),
        ("hmacSha256", &["a-_b", TEXT, "base64"], None),
        ("hmacSha256", &["key", TEXT, "latin1"], None),
        ("hmacSha256", &["key", TEXT, ""], None),
        ("hmacSha256", &["key", TEXT, "utf-8", "utf-8"], None),
        ("hmacSha256", &["", TEXT], None),
        ("hmacSha256", &["", TEXT, "hex"], None),
        ("hmacSha256", &["key", ""], Some("XV0TlWPJW1lnub2ajJsjOp3ttFByeUzSMtwbdIMmB9A=")),
    ]);
}

#[test]
fn a_key_longer_than_a_block() {
    // Test case 6 of RFC 4231.
    let key = "aa".repeat(131);
    let text = "Test Using Larger Than Block-Size Key - Hash Key First";
    check(&[
        (
            "hmacSha256",
            &[&key, text, "hex", "hex"],
            Some("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        ),
        (
            "hmacSha512",
            &[&key, text, "hex", "hex"],
            Some(
                "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352\
                 6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
            ),
        ),
    ]);
}
