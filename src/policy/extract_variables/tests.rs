use super::*;
use crate::language::xml::Document;
use crate::policy::variable::Item;

fn parse(text: &str) -> (Option<ExtractVariables>, Vec<String>) {
    let document = Document::parse(text).unwrap();
    let mut diagnostics = Diagnostics::about("policies[0]");
    let policy = ExtractVariables::parse(document.root(), &mut diagnostics);
    (policy, diagnostics.into_vec().iter().map(ToString::to_string).collect())
}

/// A policy with that content, which starts in column 29.
fn with(content: &str) -> (Option<ExtractVariables>, Vec<String>) {
    parse(&format!("<ExtractVariables name='EV'>{content}</ExtractVariables>"))
}

fn usable(content: &str) -> ExtractVariables {
    let (policy, problems) = with(content);
    assert_eq!(problems, [""; 0], "{content}");
    policy.unwrap()
}

#[test]
fn every_element_is_read_in_any_order() {
    let policy = usable(
        "<DisplayName>x</DisplayName><Properties/><FaultRules/>
         <XMLPayload stopPayloadProcessing='true'>
           <Variable name='code' type='integer'><XPath>/a:root/a:code</XPath><XPath> //code </XPath></Variable>
           <Namespaces><Namespace prefix='a'>urn:a</Namespace></Namespaces>
         </XMLPayload>
         <Header name='Authorization'><Pattern ignoreCase='true'>Bearer {token}</Pattern></Header>
         <Header name='X-Many.values'><Pattern>{all}</Pattern></Header>
         <QueryParam name='w.2'><Pattern>{w}</Pattern></QueryParam>
         <FormParam name='greeting'><Pattern>hello {user}</Pattern></FormParam>
         <Variable name='request.content'><Pattern>a={a}</Pattern></Variable>
         <JSONPayload><Variable name='lat'>
           <JSONPath>$.results[0].lat</JSONPath><JSONPath>$.{path}.lat</JSONPath>
         </Variable></JSONPayload>
         <VariablePrefix> p </VariablePrefix>
         <URIPath><Pattern>/a/{id}</Pattern><Pattern>/a/{id}/{rest}</Pattern></URIPath>
         <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
         <Source clearPayload='true'> callout.response </Source>",
    );
    assert_eq!(policy.attributes.name, "EV");
    assert_eq!(policy.source, Source { variable: Variable::new("callout.response"), clear_payload: true });
    assert!(policy.ignore_unresolved);
    let targets: Vec<_> = policy.targets().map(|target| target.name().to_string()).collect();
    assert_eq!(targets, ["p.code", "p.token", "p.all", "p.w", "p.user", "p.a", "p.lat", "p.id", "p.id", "p.rest"]);
    let [xml, bearer, many, query, form, variable, json, path] = policy.extractions.as_slice() else {
        panic!("{:?}", policy.extractions);
    };
    let Extraction::Xml(xml) = xml else { panic!("{xml:?}") };
    assert!(xml.stops && xml.variables[0].kind == ValueType::Integer && xml.variables[0].paths.len() == 2);
    let part = |extraction: &Extraction| match extraction {
        Extraction::Part(part, patterns) if patterns.len() == 1 => Some(part.clone()),
        _ => None,
    };
    assert_eq!(part(bearer), Some(MessagePart::Header("Authorization".into(), Item::First)));
    assert_eq!(part(many), Some(MessagePart::Header("X-Many".into(), Item::Joined)));
    assert_eq!(part(query), Some(MessagePart::QueryParam("w".into(), Item::Number(2))));
    assert_eq!(part(form), Some(MessagePart::FormParam("greeting".into(), Item::First)));
    assert!(matches!(variable, Extraction::Variable(name, _) if name.name() == "request.content"));
    let Extraction::Json(json) = json else { panic!("{json:?}") };
    assert!(matches!(json[0].paths.as_slice(), [PathSource::Fixed(_), PathSource::Template(_)]));
    assert!(matches!(path, Extraction::Path(patterns) if patterns.len() == 2));
}

#[test]
fn defaults() {
    let policy = usable("<Source/><VariablePrefix/><Variable name='v'><Pattern>{a.b}</Pattern></Variable>");
    assert_eq!(policy.source, Source { variable: Variable::new("message"), clear_payload: false });
    assert!(!policy.ignore_unresolved && !policy.uses_source());
    assert_eq!(policy.targets().next().unwrap().name(), "a.b");
}

/// Every deployment error of docs/apigee-semantics.md 4.6 with its name and its text.
#[test]
fn errors_have_apigees_names_and_texts() {
    let none = "ExtractVariables EV: at least one of URIPath, QueryParam, Header, FormParam, XMLPayload, JSONPayload is \
                mandatory.";
    let bean = "Error occurred while validation of bean EV.xml. Reason: - Required attribute name is missing in";
    let pattern = "<Pattern>{a}</Pattern>";
    let xml = |inner: &str| format!("<XMLPayload>{inner}<Variable name='v'><XPath>/a</XPath></Variable></XMLPayload>");
    let xpath = |inner: &str| format!("<XMLPayload><Variable name='v'>{inner}</Variable></XMLPayload>");
    let json = |inner: &str| format!("<JSONPayload><Variable name='v'>{inner}</Variable></JSONPayload>");
    let cases = [
        (String::new(), 1, format!("NothingToExtract: {none}")),
        ("<Source>request</Source>".into(), 1, format!("NothingToExtract: {none}")),
        (
            xml("<Namespaces><Namespace prefix='p'> </Namespace></Namespaces>"),
            53,
            "NONEmptyPrefixMappedToEmptyURI: ExtractVariables EV: Non-empty prefix p cannot be mapped to empty uri."
                .into(),
        ),
        (
            xml("<Namespaces><Namespace prefix='p'>a</Namespace><Namespace prefix='p'>b</Namespace></Namespaces>"),
            88,
            "DuplicatePrefix: ExtractVariables EV: Duplicate prefix p.".into(),
        ),
        (xpath(""), 41, "NoXPathsToEvaluate: ExtractVariables EV: no xpaths to evaluate in variable v.".into()),
        (
            xpath("<XPath> </XPath>"),
            60,
            "EmptyXPathExpression: ExtractVariables EV: XPath expression is empty in variable v.".into(),
        ),
        (json(""), 42, "NoJSONPathsToEvaluate: ExtractVariables EV: no jsonpaths to evaluate in variable v.".into()),
        (
            json("<JSONPath/>"),
            61,
            "EmptyJSONPathExpression: ExtractVariables EV: JSONPath expression is empty in variable v.".into(),
        ),
        (format!("<QueryParam>{pattern}</QueryParam>"), 29, format!("MissingName: {bean} QueryParam")),
        (format!("<Header name=' '>{pattern}</Header>"), 29, format!("MissingName: {bean} Header")),
        (format!("<FormParam name=''>{pattern}</FormParam>"), 29, format!("MissingName: {bean} FormParam")),
        (format!("<Variable>{pattern}</Variable>"), 29, format!("MissingName: {bean} Variable")),
        (
            "<JSONPayload><Variable><JSONPath>$.a</JSONPath></Variable></JSONPayload>".into(),
            42,
            format!("MissingName: {bean} Variable"),
        ),
        (
            "<URIPath><Pattern>/a/*</Pattern></URIPath>".into(),
            38,
            "PatternWithoutVariable: Pattern /a/* should have atleast one variable in ExtractVariables stepDefinition \
             EV."
                .into(),
        ),
        (
            "<QueryParam name='q'><Pattern/></QueryParam>".into(),
            50,
            "PatternWithoutVariable: Pattern  should have atleast one variable in ExtractVariables stepDefinition EV."
                .into(),
        ),
        (
            "<Header name='h'><Pattern>{*}</Pattern></Header>".into(),
            46,
            "InvalidPattern: Pattern {*} is invalid in ExtractVariables stepDefinition EV.".into(),
        ),
        (
            "<JSONPayload><Variable name='v' type='nodeset'><JSONPath>$.f({upper(a)})</JSONPath></Variable></JSONPayload>"
                .into(),
            76,
            "entities.UnknownStringFunction: unknown template function upper".into(),
        ),
        (
            "<XMLPayload><Variable name='v' type='nodeset'><XPath>count(/a)</XPath></Variable></XMLPayload>".into(),
            75,
            "CannotBeConvertedToNodeset: ExtractVariables EV: Result of xpath count(/a) cannot be converted to nodeset."
                .into(),
        ),
    ];
    for (content, column, problem) in cases {
        let (policy, problems) = with(&content);
        assert_eq!(problems, [format!("EV, line 1, column {column}: {problem}")], "{content}");
        assert_eq!(policy, None, "{content}");
    }
}

/// These end with texts of libraries, which are not tested here.
#[test]
fn invalid_paths_are_reported() {
    let json =
        |path: &str| format!("<JSONPayload><Variable name='v'><JSONPath>{path}</JSONPath></Variable></JSONPayload>");
    let xml = |path: &str| format!("<XMLPayload><Variable name='v'><XPath>{path}</XPath></Variable></XMLPayload>");
    let cases = [
        (
            json("$.a["),
            "EV, line 1, column 61: InvalidJSONPath: Invalid JSON path $.a[ in policy EV. (invalid JSONPath: ",
        ),
        (
            xml("/a["),
            "EV, line 1, column 60: XPathCompilationFailed: ExtractVariables EV: Failed to compile xpath /a[. (invalid XPath expression: ",
        ),
        (
            xml("/p:a"),
            "EV, line 1, column 60: XPathCompilationFailed: ExtractVariables EV: Failed to compile xpath /p:a. (invalid XPath expression: ",
        ),
    ];
    for (content, prefix) in cases {
        let (policy, problems) = with(&content);
        assert_eq!((policy, problems.len()), (None, 1), "{problems:?}");
        assert!(problems[0].starts_with(prefix), "{problems:?}");
    }
}

#[test]
fn all_errors_of_a_policy_are_reported() {
    let (policy, problems) = parse(
        "<ExtractVariables>
           <URIPath><Pattern>/a</Pattern><Pattern>/{</Pattern></URIPath>
           <JSONPayload><Variable name='v'/><Variable/></JSONPayload>
         </ExtractVariables>",
    );
    assert_eq!(policy, None);
    let names: Vec<_> = problems.iter().map(|problem| problem.split(": ").nth(1).unwrap()).collect();
    assert_eq!(
        names,
        ["MissingName", "PatternWithoutVariable", "InvalidPattern", "NoJSONPathsToEvaluate", "MissingName"]
    );
}

#[test]
fn oddities_are_warnings() {
    let path = "<URIPath><Pattern>/{a}</Pattern></URIPath>";
    let typed = |kind: &str| {
        format!("<JSONPayload><Variable name='v' type='{kind}'><JSONPath>a</JSONPath></Variable></JSONPayload>")
    };
    let cases = [
        (format!("{path}<Whatever/>"), "unknown element Whatever in ExtractVariables is ignored"),
        (format!("{path}<Pattern>{{a}}</Pattern>"), "unknown element Pattern in ExtractVariables is ignored"),
        (format!("{path}<Source>a</Source><Source>b</Source>"), "duplicate Source; the first is used"),
        (
            format!("{path}<Source clearPayload='yes'>request</Source>"),
            "clearPayload must be true or false, got \"yes\"; false is used",
        ),
        ("<URIPath/>".to_owned(), "URIPath has no Pattern and extracts nothing"),
        ("<JSONPayload/>".to_owned(), "JSONPayload has no Variable and extracts nothing"),
        ("<XMLPayload/>".to_owned(), "XMLPayload has no Variable and extracts nothing"),
        (
            "<Header name='a'><Pattern>{a}</Pattern><XPath/></Header>".to_owned(),
            "unknown element XPath in Header is ignored",
        ),
        (
            "<JSONPayload><Variable name='v'><JSONPath>a</JSONPath><XPath/></Variable></JSONPayload>".to_owned(),
            "unknown element XPath in Variable is ignored",
        ),
        (typed("String"), "unknown variable type \"String\"; string is used"),
        (typed("bool"), "unknown variable type \"bool\"; string is used"),
        (typed("foo"), "unknown variable type \"foo\"; string is used"),
        (
            "<XMLPayload><Namespaces><Namespace>urn:a</Namespace></Namespaces>\
             <Variable name='v'><XPath>/a</XPath></Variable></XMLPayload>"
                .to_owned(),
            "a Namespace without a prefix has no effect: names without a prefix are in no namespace",
        ),
    ];
    for (content, problem) in cases {
        let (policy, problems) = with(&content);
        assert!(policy.is_some(), "{content}");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].ends_with(problem), "{problems:?}");
    }
}

#[test]
fn only_policies_that_need_the_body_use_it() {
    let json = "<JSONPayload><Variable name='v'><JSONPath>$.a</JSONPath></Variable></JSONPayload>";
    let header = "<Header name='h'><Pattern>{a}</Pattern></Header>";
    let cases = [
        (json.to_owned(), true),
        (format!("<Source>request</Source>{json}"), true),
        (format!("<Source>request.content</Source>{json}"), true),
        (format!("<Source>request.header.x</Source>{json}"), false),
        (format!("<Source>response</Source>{json}"), false),
        (format!("<Source>callout</Source>{json}"), false),
        (format!("<Source>callout</Source>{}", json.replace("$.a", "$.{request.content}")), true),
        (format!("<Source>callout</Source>{}", json.replace("$.a", "$.{request.header.a}")), false),
        ("<XMLPayload><Variable name='v'><XPath>/a</XPath></Variable></XMLPayload>".to_owned(), true),
        (header.to_owned(), false),
        (format!("<Source>request</Source>{header}"), false),
        (format!("<Source clearPayload='true'>request</Source>{header}"), true),
        (format!("<Source clearPayload='true'>callout</Source>{header}"), false),
        ("<QueryParam name='q'><Pattern>{a}</Pattern></QueryParam>".to_owned(), false),
        ("<URIPath><Pattern>/{a}</Pattern></URIPath>".to_owned(), false),
        ("<FormParam name='q'><Pattern>{a}</Pattern></FormParam>".to_owned(), true),
        ("<Source>callout</Source><FormParam name='q'><Pattern>{a}</Pattern></FormParam>".to_owned(), false),
        ("<Variable name='request.content'><Pattern>{a}</Pattern></Variable>".to_owned(), true),
        ("<Variable name='request'><Pattern>{a}</Pattern></Variable>".to_owned(), true),
        ("<Variable name='request.header.x'><Pattern>{a}</Pattern></Variable>".to_owned(), false),
        ("<Source>request.content</Source><Variable name='b'><Pattern>{a}</Pattern></Variable>".to_owned(), false),
        ("<QueryParam name='q'><Pattern>{message}</Pattern></QueryParam>".to_owned(), false),
        (
            "<VariablePrefix>message</VariablePrefix><QueryParam name='q'><Pattern>{content}</Pattern></QueryParam>"
                .to_owned(),
            true,
        ),
    ];
    for (content, expected) in cases {
        assert_eq!(usable(&content).uses_body(&["request", "message"]), expected, "{content}");
    }
}
