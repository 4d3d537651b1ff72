//! Message templates in requests through Envoy: arguments, defaults and functions in real requests.

use serde_json::json;

use crate::configuration::rejected;
use crate::lab::{Lab, Listener, Message};
use crate::policy::{header, set};

/// Templates and what they become.
const FILLED_IN: [(&str, &str); 13] = [
    ("{jsonPath(path,json)}", "A"),
    ("{jsonPath(path,json,true)}", r#"["A","B"]"#),
    ("{jsonPath(path,json,'true')}", r#"["A","B"]"#),
    ("{jsonPath(path,json,false)}", "A"),
    ("{jsonPath('$.a.b[*]',json,true)}", r#"["A","B"]"#),
    ("{firstnonnull(missing,false)}", "false"),
    ("[{request.header.x-id: Unknown}]", "[ Unknown]"),
    ("[{request.header.x-id:Unknown}]", "[Unknown]"),
    ("{height: 100%;}", "{height: 100%;}"),
    ("{replaceAll(json,'[^A-Z]','')}", "AB"),
    ("{replaceFirst(word,'^(?=.*c)a','x')}", "xbc"),
    // A pattern of the request's own that cannot be run makes an empty text.
    ("[{replaceAll(json,broken,'x')}]", "[]"),
    ("[{xeger(broken)}]", "[]"),
];

pub fn cases(lab: &mut Lab) {
    lab.case("filled_in", |setup| {
        let headers =
            FILLED_IN.iter().enumerate().map(|(number, (template, _))| header(&format!("x-{number}"), template));
        let policies = vec![set("AM-1", &headers.collect::<String>())];
        let site = setup.listener(Listener::new(json!({
            "policies": policies,
            "properties": {"json": r#"{"a":{"b":["A","B"]}}"#, "path": "$.a.b", "word": "abc", "broken": "("},
        })));
        move || async move {
            assert_eq!(site.get("/").await.status, 200);
            let passed = site.upstream().only_request();
            for (number, (template, text)) in FILLED_IN.into_iter().enumerate() {
                assert_eq!(passed.header(&format!("x-{number}")), Some(text), "{template}");
            }
        }
    });

    let bad = "{replaceAll(a,'(','')}{replaceFirst(a,'(?!b)c','')}";
    let policies = [set("AM-1", &header("x", bad)), set("AM-2", &header("x", "{replaceFirst(a,'(?!b)c','')}"))];
    let policies = policies.into_iter().chain([set("AM-3", "<Payload>{xeger('a(?&lt;=b)')}</Payload>")]);
    let listener = Listener::new(json!({"policies": policies.collect::<Vec<String>>()}));
    rejected(
        lab,
        "regular_expressions_that_can_never_run",
        listener.allow_on_headers_stop_iteration(),
        &[
            "AM-1, line 1, column 42: the function replaceAll: invalid regular expression: unclosed group",
            "AM-2, line 1, column 42: the function replaceFirst: invalid regular expression: look-ahead in \
             replacements is supported only next to `^` and without groups",
            "AM-3, line 1, column 33: the function xeger: invalid regular expression: look-behind is not supported",
        ],
    );
}
