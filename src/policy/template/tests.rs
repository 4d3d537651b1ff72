use super::*;

#[test]
fn an_expression_that_is_not_closed_is_found() {
    let cases = [
        ("{user.mail", Some("{user.mail")),
        ("Hello {user.mail and {b}", Some("{user.mail")),
        ("{\"id\": \"{user.id\", \"x\": {\"y\": 1}}", Some("{user.id")),
        ("https://a.test/{a/{b}", Some("{a")),
        ("{a{b}", Some("{a")),
        ("{a}", None),
        ("\\{a", None),
        ("body {height: 100%;} p {color:red", None),
        ("function f(){return x;}", None),
        ("if (a) {b;} else {c", Some("{c")),
        ("{", None),
        ("{ a", None),
        ("{substring(a, 1", None),
        ("a } b", None),
    ];
    for (text, expected) in cases {
        assert_eq!(Template::unclosed(text, Syntax::VALUE).as_deref(), expected, "{text}");
    }
    assert_eq!(Template::unclosed("a@b.test", Syntax::delimited('@', '#')), None);
}

fn variable(name: &str) -> Part {
    Part::Variable(Reference { variable: Variable::new(name), default: None })
}

fn defaulted(name: &str, default: &str) -> Part {
    Part::Variable(Reference { variable: Variable::new(name), default: Some(default.into()) })
}

fn text(text: &str) -> Part {
    Part::Literal(text.into())
}

fn named(name: &str) -> Argument {
    Argument::Variable(Reference { variable: Variable::new(name), default: None })
}

fn braces_of(text: &str) -> Template {
    Template::parse(text, Syntax::BRACES).unwrap()
}

fn braces(text: &str) -> Vec<Part> {
    braces_of(text).parts
}

/// Every row of the table in docs/apigee-semantics.md 6.2, and unusual payloads.
#[test]
fn braces_are_expressions_or_text() {
    let cases: Vec<(&str, Vec<Part>)> = vec![
        ("", vec![]),
        ("{a.b}", vec![variable("a.b")]),
        ("{a.b:dflt}", vec![defaulted("a.b", "dflt")]),
        ("{a:}", vec![defaulted("a", "")]),
        ("{a:Hello World}", vec![defaulted("a", "Hello World")]),
        ("{request.header.id: Unknown}", vec![defaulted("request.header.id", " Unknown")]),
        ("{a.b: }", vec![defaulted("a.b", " ")]),
        ("{a.b:\n c}", vec![text("{a.b:\n c}")]),
        ("{a: b}", vec![text("{a: b}")]),
        ("{ \"k\": 1 }", vec![text("{ \"k\": 1 }")]),
        ("{\"k\":\"{v}\"}", vec![text("{\"k\":\""), variable("v"), text("\"}")]),
        ("{{v}}", vec![text("{"), variable("v"), text("}")]),
        ("{{ v }}", vec![text("{{ v }}")]),
        ("{}", vec![text("{}")]),
        ("{3}", vec![text("{3}")]),
        ("{[1]}", vec![text("{[1]}")]),
        ("{-x}", vec![text("{-x}")]),
        ("{a", vec![text("{a")]),
        ("a}", vec![text("a}")]),
        ("{a b}", vec![text("{a b}")]),
        ("{ createUuid() }", vec![text("{ createUuid() }")]),
        ("{environment.{name}}", vec![text("{environment."), variable("name"), text("}")]),
        ("\\{\"error\": \\{v\\}", vec![text("{\"error\": {v}")]),
        ("${v}", vec![text("$"), variable("v")]),
        ("100%", vec![text("100%")]),
        ("body {height: 100%;}", vec![text("body {height: 100%;}")]),
        ("{search(this.value); return}", vec![text("{search(this.value); return}")]),
        ("{request.header.X-A_b}", vec![variable("request.header.X-A_b")]),
        ("{_a}é{b}", vec![variable("_a"), text("é"), variable("b")]),
    ];
    for (template, parts) in cases {
        assert_eq!(braces(template), parts, "{template}");
    }
}

#[test]
fn functions_take_quoted_texts_variables_and_bare_text() {
    let cases: Vec<(&str, Function, Vec<Argument>)> = vec![
        ("{createUuid()}", Function::CreateUuid, vec![]),
        (
            "{substring(a.b,0,-3)}",
            Function::Substring,
            vec![named("a.b"), Argument::Literal("0".into()), Argument::Literal("-3".into())],
        ),
        (
            "{timeFormatUTC('yyyy-MM-dd','1494390266')}",
            Function::TimeFormatUtc,
            vec![Argument::Literal("yyyy-MM-dd".into()), Argument::Literal("1494390266".into())],
        ),
        (
            "{jsonPath($.error_description,response.content)}",
            Function::JsonPath,
            vec![Argument::Literal("$.error_description".into()), named("response.content")],
        ),
        (
            "{toLowerCase(foo.bar:FOO)}",
            Function::ToLowerCase,
            vec![Argument::Variable(Reference { variable: Variable::new("foo.bar"), default: Some("FOO".into()) })],
        ),
        (
            "{firstnonnull(escapeJSON(error.content),'')}",
            Function::FirstNonNull,
            vec![Argument::Nested("escapeJSON(error.content)".into()), Argument::Literal("".into())],
        ),
        (
            "{jsonPath(path,json,true)}",
            Function::JsonPath,
            vec![named("path"), named("json"), Argument::Literal("true".into())],
        ),
        (
            "{jsonPath(path,json,False)}",
            Function::JsonPath,
            vec![named("path"), named("json"), Argument::Literal("False".into())],
        ),
        (
            "{firstnonnull(true.name,truer,'true')}",
            Function::FirstNonNull,
            vec![named("true.name"), named("truer"), Argument::Literal("true".into())],
        ),
        ("{xeger('[A-Z]{16}')}", Function::Xeger, vec![Argument::Literal("[A-Z]{16}".into())]),
        ("{xpath('//a',x)}", Function::XPath, vec![Argument::Literal("//a".into()), named("x")]),
    ];
    for (template, function, arguments) in cases {
        assert_eq!(braces(template), vec![Part::Call(function, arguments)], "{template}");
    }
}

/// Each start of an expression looks for its end, which is far away or missing.
#[test]
fn many_starts_of_expressions_take_linear_time() {
    let many = 20_000;
    let nested = format!("{}{}", "{f(a(".repeat(many), "))".repeat(many));
    for unit in
        ["{", "{a", "{a:", "{a: ", "{a.b:", "{f(", "{f(a,", "{f(a(", "{f('", "{f('',", "{f(a),", "{f(a(),", "(", ")"]
    {
        for end in ["", "\n}", ")}", "'"] {
            let text = format!("{}{end}", unit.repeat(many));
            let template = Template::parse(&text, Syntax::BRACES);
            // Some end in a complete call of `f`, which is no function.
            assert!(template.ok().is_none_or(|template| template.parts.len() <= 2), "{unit} {end}");
        }
    }
    assert_eq!(braces(&nested), [text(&nested)]);
    // The last start is the one that counts.
    let open = "{substring(".repeat(many);
    let call = Part::Call(Function::CreateUuid, Vec::new());
    assert_eq!(braces(&format!("{open}{{createUuid()}}")), [text(&open), call]);
}

/// The end that one start found does not count for a later one.
#[test]
fn ends_are_searched_again() {
    let cases = [
        ("{a: b} {c:d}", vec![text("{a: b} "), defaulted("c", "d")]),
        ("{a:\n{b:c}", vec![text("{a:\n"), defaulted("b", "c")]),
        ("{a:b}{c:d}\n{e:f}", vec![defaulted("a", "b"), defaulted("c", "d"), text("\n"), defaulted("e", "f")]),
        ("{a: {b:c} {d:e", vec![text("{a: "), defaulted("b", "c"), text(" {d:e")]),
        ("{a:}{b:}", vec![defaulted("a", ""), defaulted("b", "")]),
        (
            "{f(a(b)} {toUpperCase(x(y(z)))}",
            vec![text("{f(a(b)} "), Part::Call(Function::ToUpperCase, vec![Argument::Nested("x(y(z))".into())])],
        ),
    ];
    for (template, parts) in cases {
        assert_eq!(braces(template), parts, "{template}");
    }
}

#[test]
fn a_wrong_call_is_an_error() {
    let error = |text| Template::parse(text, Syntax::BRACES).unwrap_err();
    assert_eq!(error("x{encodeURIComponent(a)}"), TemplateError::UnknownFunction("encodeURIComponent".into()));
    assert_eq!(error("{toUpperCase()}"), TemplateError::ArgumentCount(Function::ToUpperCase, 0));
    assert_eq!(error("{jsonPath(a)}").to_string(), "the function jsonPath takes 2 to 3 arguments, not 1");
}

#[test]
fn a_regular_expression_that_can_never_run_is_found() {
    let rejected = |text: &str| braces_of(text).check_regexes().err().map(|error| error.to_string());
    let group = "invalid regular expression: unclosed group";
    let behind = "invalid regular expression: look-behind is not supported";
    for (text, reason) in [
        ("{replaceAll(a,'[0-9]+','')}", None),
        ("{replaceAll(a,b,'(')} {replaceFirst('(',b,c)} {toUpperCase('(')}", None),
        ("{xeger(pattern)}", None),
        ("x{a}{replaceAll(a,'(','')}", Some(format!("the function replaceAll: {group}"))),
        ("{replaceFirst(a,'(?<=x)y',b)}", Some(format!("the function replaceFirst: {behind}"))),
        ("{xeger('[A-Z]{16}(')}", Some(format!("the function xeger: {group}"))),
    ] {
        assert_eq!(rejected(text), reason, "{text}");
    }
}

#[test]
fn other_delimiters_leave_braces_alone() {
    let parse = |text, prefix, suffix| Template::parse(text, Syntax::delimited(prefix, suffix)).unwrap().parts;
    assert_eq!(parse("{\"a\":\"@v#\"}", '@', '#'), vec![text("{\"a\":\""), variable("v"), text("\"}")]);
    assert_eq!(parse("£v$ {x}", '£', '$'), vec![variable("v"), text(" {x}")]);
    assert_eq!(parse("a@b.c @ #", '@', '#'), vec![text("a@b.c @ #")]);
    assert_eq!(parse("%toUpperCase(v)#", '%', '#'), vec![Part::Call(Function::ToUpperCase, vec![named("v")])]);
    assert_eq!(parse("\\{@v#", '@', '#'), vec![text("\\{"), variable("v")]);
}

#[test]
fn syntaxes_differ_in_dollars_and_quotes() {
    let url = Template::parse("http://a/{b}?w=${c}&x=$5", Syntax::URL).unwrap();
    assert_eq!(url.parts, vec![text("http://a/"), variable("b"), text("?w="), variable("c"), text("&x=$5")]);
    let quoted = Template::parse("\"Hello {user.name}\"", Syntax::VALUE).unwrap();
    assert_eq!(quoted.parts, vec![text("Hello "), variable("user.name")]);
    assert_eq!(Template::parse("\"a\" \"b\"", Syntax::VALUE).unwrap().parts, vec![text("\"a\" \"b\"")]);
}

#[test]
fn expressions_without_an_end_take_linear_time() {
    let large = 1 << 20;
    for (piece, end) in [
        ("{a:", ""),
        ("{a: ", "}"),
        ("{a:", "\n}"),
        ("{f(a(", ""),
        ("{f(a(", ")"),
        ("{f(a,", ""),
        ("{f('", ""),
        ("{f('a',", ""),
        ("{f(a,'b',", ""),
        ("'{f(a,',", ""),
        ("{f(", ")))"),
    ] {
        let text = format!("{}{end}", piece.repeat(large / piece.len()));
        assert_eq!(braces_of(&text).as_literal().as_deref(), Some(text.as_str()), "{piece:?} {end:?}");
    }
}

#[test]
fn a_function_call_that_is_text_is_found() {
    let cases = [
        ("x{substring(a, 1)}y", Some("{substring(a, 1)}")),
        ("{jsonPath('$.a',r.content}", Some("{jsonPath('$.a',r.content}")),
        ("{a} {createUuid() }", Some("{createUuid() }")),
        ("{createUuid()\n}", Some("{createUuid()")),
        ("{createUuid()}", None),
        ("{substring(a,1)}", None),
        ("{search(this.value); x}", None),
        ("function f() {return md5Hex(a)}", None),
        ("{{substring}}", None),
    ];
    for (text, expected) in cases {
        let template = Template::parse(text, Syntax::BRACES).unwrap();
        assert_eq!(template.kept_call(Syntax::BRACES).as_deref(), expected, "{text}");
    }
    let syntax = Syntax::delimited('@', '#');
    let kept = |text: &str| Template::parse(text, syntax).unwrap().kept_call(syntax);
    assert_eq!(kept("@createUuid( )# {createUuid( )}").as_deref(), Some("@createUuid( )#"));
}

#[test]
fn constants_are_folded_into_a_template() {
    let fold = |text: &str| {
        let constant =
            |name: &str| [("a", "1"), ("b", "{c}")].iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        Template::parse(text, Syntax::URL).unwrap().fold(constant)
    };
    assert_eq!(fold("x{a}y${b}z").as_literal().as_deref(), Some("x1y{c}z"));
    assert_eq!(fold("{a}{a:default}").as_literal().as_deref(), Some("11"));
    assert_eq!(fold("{a}{d:e}{a}/{escapeJSON(a)}").to_string(), "1{d:e}1/{escapeJSON(a)}");
    assert_eq!(fold("").as_literal().as_deref(), Some(""));
}
