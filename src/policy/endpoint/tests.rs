use super::*;
use crate::diagnostic::Position;

fn texts(problems: &[Diagnostic]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn names(steps: &[StepReference]) -> Vec<&str> {
    steps.iter().map(|step| step.policy.as_str()).collect()
}

#[test]
fn a_proxy_endpoint_is_read_in_any_order() {
    let (proxy, problems) = ProxyEndpoint::parse(
        r#"<ProxyEndpoint name="default">
          <RouteRule name="none"><Condition>request.verb = "OPTIONS"</Condition></RouteRule>
          <RouteRule name="main"><TargetEndpoint>backend</TargetEndpoint></RouteRule>
          <PostFlow><Response><Step><Name>AM-2</Name></Step></Response></PostFlow>
          <Flows>
            <Flow name="near"><Condition>proxy.pathsuffix MatchesPath "/near"</Condition>
              <Request><Step><Condition>a = 1</Condition><Name> SC-1 </Name><FaultRules/></Step></Request></Flow>
            <Flow name="else"><Description/></Flow>
          </Flows>
          <PreFlow name="PreFlow"><Request><Step><Name>AM-1</Name></Step><Policy><Name>AM-3</Name></Policy></Request></PreFlow>
          <HTTPProxyConnection><BasePath>/v1/*</BasePath><VirtualHost>default</VirtualHost></HTTPProxyConnection>
          <DefaultFaultRule name="all"><AlwaysEnforce>true</AlwaysEnforce><Step><Name>AM-4</Name></Step></DefaultFaultRule>
          <FaultRules><FaultRule name="first"/><FaultRule name="second"><Condition>is.error</Condition></FaultRule></FaultRules>
          <PostClientFlow><Response><Step><Name>SC-2</Name></Step></Response></PostClientFlow>
        </ProxyEndpoint>"#,
        "proxy_endpoint",
    );
    assert_eq!(texts(&problems), [""; 0]);
    let proxy = proxy.unwrap();
    assert_eq!(proxy.base_path.as_ref().map(BasePath::as_str), Some("/v1/*"));
    assert_eq!(names(&proxy.endpoint.pre_flow.request), ["AM-1", "AM-3"]);
    assert_eq!(names(&proxy.endpoint.post_flow.response), ["AM-2"]);
    let [near, other] = proxy.endpoint.flows.as_slice() else { panic!("two flows") };
    assert_eq!((near.name.as_str(), near.condition.is_some()), ("near", true));
    assert_eq!(near.request[0].label, "near request[0] (SC-1)");
    assert!(near.request[0].condition.is_some() && other.condition.is_none());
    let rules: Vec<&str> = proxy.endpoint.fault_rules.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(rules, ["second", "first"]);
    assert!(proxy.endpoint.fault_rules.default.as_ref().unwrap().always_enforce);
    assert_eq!(names(&proxy.post_client_flow.response), ["SC-2"]);
    let routes: Vec<&Route> = proxy.route_rules.iter().map(|rule| &rule.route).collect();
    assert_eq!(routes, [&Route::Null, &Route::Target("backend".to_owned())]);
}

#[test]
fn a_route_rule_has_a_url_when_it_has_no_target_endpoint() {
    let cases = [
        ("<URL> http://a </URL>", "r", Some("http://a")),
        ("<URL>http://a</URL><TargetEndpoint>t</TargetEndpoint>", "t", None),
        ("<URL>http://a</URL><TargetEndpoint/>", "r", Some("http://a")),
        ("<URL/>", "r", None),
    ];
    for (content, target, url) in cases {
        let text = format!("<ProxyEndpoint name='p'><RouteRule name='r'>{content}</RouteRule></ProxyEndpoint>");
        let rules = ProxyEndpoint::parse(&text, "proxy_endpoint").0.unwrap().route_rules;
        let [rule] = rules.as_slice() else { panic!("one rule") };
        assert_eq!(
            (&rule.route, rule.url.as_ref().map(|url| url.text.as_str())),
            (&Route::Target(target.to_owned()), url),
            "{content}"
        );
    }
}

#[test]
fn a_target_endpoint_tries_its_rules_from_the_top() {
    let (target, problems) = TargetEndpoint::parse(
        r#"<TargetEndpoint name="backend"><FaultRules><FaultRule name="first"/><FaultRule name="second"/></FaultRules>
          <HTTPTargetConnection><URL>http://b</URL><Properties><Property name="success.codes">2xx,404</Property></Properties>
          </HTTPTargetConnection></TargetEndpoint>"#,
        "target_endpoints[0]",
    );
    assert_eq!(texts(&problems), [""; 0]);
    let target = target.unwrap();
    let rules: Vec<&str> = target.endpoint.fault_rules.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(rules, ["first", "second"]);
    let codes = &target.connection.properties.success_codes;
    assert!(codes.contains(404) && !codes.contains(302));
}

#[test]
fn problems_name_the_step_and_the_column() {
    let (_, problems) = ProxyEndpoint::parse(
        r#"<ProxyEndpoint name="p"><PreFlow><Request>
<Step><Condition>(a = 1</Condition><Name>X</Name></Step>
<Step/>
<Step><Name>Y</Name><Name>Z</Name></Step>
</Request></PreFlow></ProxyEndpoint>"#,
        "proxy_endpoint",
    );
    let problems = texts(&problems);
    assert_eq!(
        problems,
        [
            "ProxyEndpoint p, line 2, column 18: PreFlow request[0] (X) condition: this parenthesis is not closed; the end of the condition closes it",
            "ProxyEndpoint p, line 3, column 1: PreFlow request[1]: a step without Name is ignored",
            "ProxyEndpoint p, line 4, column 21: PreFlow request[2] (Y): duplicate Name; the first is used",
        ]
    );
    let (shared, problems) = SharedFlow::parse("<TargetEndpoint name='x'/>", "shared_flows[0]");
    assert!(shared.is_none());
    assert_eq!(
        texts(&problems),
        ["shared_flows[0], line 1, column 1: the root element is TargetEndpoint, not SharedFlow"]
    );
}

#[test]
fn a_base_path_without_a_slash_gets_one() {
    let read = |text: &str| {
        let text = format!(
            "<ProxyEndpoint name='p'><HTTPProxyConnection><BasePath>{text}</BasePath></HTTPProxyConnection></ProxyEndpoint>"
        );
        let (proxy, problems) = ProxyEndpoint::parse(&text, "proxy_endpoint");
        (proxy.unwrap().base_path.unwrap().as_str().to_owned(), texts(&problems))
    };
    let warning =
        "ProxyEndpoint p, line 1, column 46: the base path must start with a slash, got \"v1/a\"; /v1/a is used";
    assert_eq!(read(" v1/a "), ("/v1/a".to_owned(), vec![warning.to_owned()]));
    assert_eq!(read("/v1/a"), ("/v1/a".to_owned(), vec![]));
    assert_eq!(read(""), (String::new(), vec![]));
}

#[test]
fn a_tolerated_mistake_of_a_condition_has_a_position() {
    let (proxy, problems) = ProxyEndpoint::parse(
        "<ProxyEndpoint name='p'><Flows><Flow name='f'>\n<Condition>a = 1 and\n b /~ \"/x\" or</Condition></Flow></Flows></ProxyEndpoint>",
        "proxy_endpoint",
    );
    assert_eq!(
        texts(&problems),
        [
            "ProxyEndpoint p, line 3, column 4: f condition: /~ is not an operator; it is read as ~/",
            "ProxyEndpoint p, line 3, column 12: f condition: no comparison follows or; it is ignored",
        ]
    );
    let condition = proxy.unwrap().endpoint.flows[0].condition.clone().unwrap();
    assert_eq!(condition.to_string(), "a = 1 and b ~/ \"/x\"");
    assert_eq!(condition.position(), Some(Position { line: 2, column: 1 }));
}

#[test]
fn saps_dialect_has_the_same_meaning() {
    let (proxy, problems) = ProxyEndpoint::parse(
        r#"<ProxyEndPoint default="true" xmlns="http://www.sap.com/apimgmt">
          <name>default</name>
          <base_path>/v1/orders</base_path>
          <properties/>
          <routeRules>
            <routeRule><name>main</name><targetEndPointName>backend</targetEndPointName><sequence>2</sequence></routeRule>
            <routeRule><name>none</name><conditions>request.verb = "OPTIONS"</conditions><sequence>1</sequence></routeRule>
          </routeRules>
          <faultRules/>
          <preFlow><name>PreFlow</name><request><isRequest>true</isRequest><steps>
            <step><policy_name>second</policy_name><condition>a = 1</condition><sequence>2</sequence></step>
            <step><policy_name>first</policy_name><condition> </condition><sequence>1</sequence></step>
          </steps></request></preFlow>
          <postFlow><name>PostFlow</name></postFlow>
          <conditionalFlows><conditionalFlow><name>read</name><conditions>request.verb = "GET"</conditions>
            <response><steps><step><policy_name>third</policy_name></step></steps></response></conditionalFlow>
          </conditionalFlows>
        </ProxyEndPoint>"#,
        "proxy_endpoint",
    );
    assert_eq!(texts(&problems), [""; 0]);
    let proxy = proxy.unwrap();
    assert_eq!(proxy.endpoint.name, "default");
    assert_eq!(proxy.base_path.as_ref().map(BasePath::as_str), Some("/v1/orders"));
    let pre_flow = &proxy.endpoint.pre_flow.request;
    assert_eq!(names(pre_flow), ["first", "second"]);
    assert!(pre_flow[0].condition.is_none() && pre_flow[1].condition.is_some());
    let [read] = proxy.endpoint.flows.as_slice() else { panic!("one flow") };
    assert_eq!((read.name.as_str(), read.condition.is_some()), ("read", true));
    assert_eq!(names(&read.response), ["third"]);
    let routes: Vec<&Route> = proxy.route_rules.iter().map(|rule| &rule.route).collect();
    assert_eq!(routes, [&Route::Null, &Route::Target("backend".to_owned())]);
    let (target, problems) = TargetEndpoint::parse(
        "<TargetEndPoint><name>backend</name><faultRules><x/></faultRules></TargetEndPoint>",
        "target_endpoints[0]",
    );
    assert_eq!(target.unwrap().endpoint.name, "backend");
    assert_eq!(
        texts(&problems),
        ["TargetEndPoint backend, line 1, column 37: faultRules in SAP's form are ignored; use FaultRules"]
    );
}

#[test]
fn a_misspelt_element_is_reported() {
    let (_, problems) = ProxyEndpoint::parse(
        "<ProxyEndpoint name='p'><Owner>me</Owner><Extra><Request/></Extra><Preflow/><PreFlow><Request><Step><Name>A</Name><Conditon>x</Conditon></Step></Request>
         </PreFlow><HTTPProxyConnection><Basepath>/v1</Basepath></HTTPProxyConnection><RouteRules/>
         <PostFlow><Request>#steps#</Request></PostFlow><FaultRules><FaultRule><Conditions/></FaultRule></FaultRules></ProxyEndpoint>",
        "proxy_endpoint",
    );
    let problems: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        problems,
        [
            "unknown element Owner in ProxyEndpoint is ignored",
            "unknown element Extra in ProxyEndpoint; what it contains would not run",
            "unknown element Preflow in ProxyEndpoint; did you mean PreFlow?",
            "unknown element Conditon in Step; did you mean Condition?",
            "unknown element Basepath in HTTPProxyConnection; did you mean BasePath?",
            "unknown element RouteRules in ProxyEndpoint; did you mean RouteRule?",
            "text in Request is ignored",
            "unknown element Conditions in FaultRule; did you mean Condition?",
        ]
    );
}

#[test]
fn properties_of_a_proxy_are_checked() {
    let name = "request.queryparams.ignore.content.type.charset";
    let cases = [
        (name, "true", None),
        (name, "FALSE", None),
        ("api.timeout", "8000", None),
        (name, "yes", Some(format!("{name}: \"yes\" is neither true nor false and is ignored"))),
        (
            "request.queryparam.ignore.content.type.charset",
            "true",
            Some(format!(
                "unknown property \"request.queryparam.ignore.content.type.charset\" is ignored; did you mean {name}?"
            )),
        ),
    ];
    for (property, value, expected) in cases {
        let (_, problems) = ProxyEndpoint::parse(
            &format!(
                "<ProxyEndpoint name='p'><HTTPProxyConnection><Properties><Property name='{property}'>{value}</Property></Properties></HTTPProxyConnection></ProxyEndpoint>"
            ),
            "proxy_endpoint",
        );
        let problems: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(problems, expected.iter().map(String::as_str).collect::<Vec<_>>(), "{property}={value}");
    }
}

#[test]
fn unknown_attributes_are_reported() {
    let (_, problems) = ProxyEndpoint::parse(
        "<ProxyEndpoint name='p' xmlns:a='u' a:b='c'><PreFlow name='PreFlow'><Request><Step name='S'><Name>S</Name></Step></Request></PreFlow>
         <RouteRule nmae='r'/><FaultRules><FaultRule name='f' order='1'/></FaultRules></ProxyEndpoint>",
        "proxy_endpoint",
    );
    let found: Vec<String> = problems
        .iter()
        .filter(|problem| problem.code == Code::UnknownAttribute)
        .map(|problem| format!("{:?} {}", problem.position.unwrap(), problem.message))
        .collect();
    assert_eq!(
        found,
        [
            "Position { line: 2, column: 21 } unknown attribute nmae in RouteRule is ignored; did you mean name?",
            "Position { line: 2, column: 63 } unknown attribute order in FaultRule is ignored",
        ]
    );
}
