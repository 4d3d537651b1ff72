use super::*;
use crate::policy::variable::Variable;

fn policy(text: &str) -> Policy {
    let (policy, problems) = Policy::parse(text, "policies[0]");
    policy.unwrap_or_else(|| panic!("{problems:?}"))
}

/// The names that are read, with `?` after one that may be absent and `!` after a message.
fn names(reads: Vec<Read<'_>>) -> Vec<String> {
    let marked = |read: Read<'_>| {
        let mark = match read.purpose {
            Purpose::Value => "",
            Purpose::OptionalValue => "?",
            Purpose::Message => "!",
        };
        format!("{}{mark}", read.variable)
    };
    reads.into_iter().map(marked).collect()
}

#[test]
fn every_policy_lists_the_variables_that_it_reads() {
    let cases: [(&str, &[&str]); 9] = [
        (
            "<AssignMessage name='P'><AssignTo>made</AssignTo><Set><Headers><Header name='H'>{a}{b:x}</Header></Headers>
             <Payload contentType='{c}'>{substring(d,1,2)}{firstnonnull(e,f)}</Payload></Set>
             <Copy source='g'/><AssignVariable><Name>n</Name><Ref>h</Ref></AssignVariable>
             <AssignVariable><Name>n</Name><Ref>i</Ref><Value>{no}</Value></AssignVariable>
             <AssignVariable><Name>n</Name><Template ref='j'>{k}</Template></AssignVariable>
             <AssignVariable><Name>n</Name><PropertySetRef>s.{l}</PropertySetRef></AssignVariable></AssignMessage>",
            &["a", "b?", "d", "e?", "f?", "c", "g!", "h", "i?", "j?", "k", "l"],
        ),
        (
            "<ServiceCallout name='P'><Request variable='q'><Set><Path>{a}</Path></Set></Request><HTTPTargetConnection>
             <URL>http://{b}/{c}</URL><Authentication><HeaderName ref='d'/><GoogleAccessToken><Scopes><Scope>s</Scope></Scopes>
             <LifetimeInSeconds ref='e'>60</LifetimeInSeconds></GoogleAccessToken></Authentication></HTTPTargetConnection>
             </ServiceCallout>",
            &["a", "d", "e?", "b", "c"],
        ),
        (
            "<ServiceCallout name='P'><Request variable='q'/><LocalTargetConnection><Path>/{a}</Path></LocalTargetConnection>
             </ServiceCallout>",
            &["a"],
        ),
        (
            "<ExtractVariables name='P'><Source>a</Source><JSONPayload><Variable name='v'><JSONPath>$.{b}</JSONPath></Variable>
             </JSONPayload><Variable name='c'><Pattern>{v}</Pattern></Variable></ExtractVariables>",
            &["a!", "b", "c"],
        ),
        (
            "<ExtractVariables name='P'><Source>a</Source><Variable name='c'><Pattern>{v}</Pattern></Variable></ExtractVariables>",
            &["c"],
        ),
        (
            "<RaiseFault name='P'><FaultResponse><Set><StatusCode>{a}</StatusCode></Set></FaultResponse></RaiseFault>",
            &["a"],
        ),
        (
            "<FlowCallout name='P'><SharedFlowBundle>s</SharedFlowBundle><Parameters><Parameter name='p' ref='a'/>
             <Parameter name='q' ref='b'>{c}</Parameter></Parameters></FlowCallout>",
            &["a", "b?", "c"],
        ),
        (
            "<SetIntegrationRequest name='P'><IntegrationRegion ref='a'/><ApiTrigger>{b}</ApiTrigger><Parameters>
             <ParameterArray name='p'><Value ref='c'/></ParameterArray></Parameters></SetIntegrationRequest>",
            &["a", "b", "c"],
        ),
        ("<IntegrationCallout name='P'><Request>a</Request></IntegrationCallout>", &["a!"]),
    ];
    for (text, expected) in cases {
        assert_eq!(names(policy(text).read_variables()), expected, "{text}");
    }
}

#[test]
fn a_condition_lists_the_variables_that_it_reads() {
    let condition = Condition::parse("a = b and (c != null or not d) and null = e and f ~ \"x*\" and g ~ null");
    let condition = condition.unwrap().unwrap();
    assert_eq!(names(condition.reads()), ["a", "b", "c?", "d", "e?", "f", "g?"]);
}

#[test]
fn a_policy_sets_its_variables_and_the_parts_of_its_messages() {
    let callout = "<ServiceCallout name='S.1'><Request variable='q'/><Response>r.s</Response><HTTPTargetConnection>
        <URL>http://a.test/</URL></HTTPTargetConnection></ServiceCallout>";
    let extract =
        "<ExtractVariables name='E'><VariablePrefix>user</VariablePrefix><URIPath><Pattern>/{id}</Pattern></URIPath>
        </ExtractVariables>";
    let assign = "<AssignMessage name='A'><AssignTo>m</AssignTo><AssignVariable><Name>copy</Name><Ref>request</Ref></AssignVariable>
        </AssignMessage>";
    let cases: [(&str, &[&str], &[&str]); 8] = [
        (
            callout,
            &["q", "q.verb", "r.s.header.X", "servicecallout.S.1.failed", "servicecallout.S.1.target.url"],
            &["r", "r.s.other", "servicecallout.S.2.failed", "request"],
        ),
        (extract, &["user.id", "extractvariables.E.failed"], &["user", "id"]),
        (assign, &["m.content", "copy", "copy.header.A"], &["request.x"]),
        (
            "<FlowCallout name='F'><SharedFlowBundle>s</SharedFlowBundle><Parameters><Parameter name='p'/></Parameters>
             </FlowCallout>",
            &["p"],
            &["s"],
        ),
        ("<Javascript name='J'/>", &["anything"], &[]),
        ("<DecodeJWT name='V'/>", &["jwt.V.decoded.claim.sub", "JWT.failed"], &["claim.sub", "jwt.W.claim.sub"]),
        ("<OAuthV2 name='O'/>", &["client_id", "accesstoken.scope", "oauthv2.x"], &["user.id"]),
        (
            "<BasicAuthentication name='B'><Operation>Decode</Operation><User ref='u.name'/><Password ref='u.word'/>
             <Source>s</Source></BasicAuthentication>",
            &["u.name", "u.word", "BasicAuthentication.B.failed"],
            &["u.other", "s", "basicauthentication.B.failed"],
        ),
    ];
    for (text, set, others) in cases {
        let policy = policy(text);
        for name in set {
            assert!(policy.may_set(&Variable::new(name)), "{text} {name}");
        }
        for name in others {
            assert!(!policy.may_set(&Variable::new(name)), "{text} {name}");
        }
    }
}

/// `flow/fault/codes.rs` has the codes that policies raise.
#[test]
fn the_names_of_faults_are_those_of_the_catalogue() {
    let catalogue = include_str!("../../flow/fault/codes.rs");
    let codes = catalogue.split('"').skip(1).step_by(2).filter(|code| code.contains('.'));
    for code in codes.filter(|code| *code != "steps.targetendpoint" && !code.contains('{')) {
        let (prefix, name) = code.rsplit_once('.').unwrap();
        let mut kinds = fault_names::OF_KINDS.iter().map(|(kind, _)| *kind);
        let owner = kinds.find(|kind| prefix.split_once('.').is_some_and(|(_, of)| of == kind.to_ascii_lowercase()));
        let names = owner.map_or(&fault_names::OF_ANY_PROXY[..], fault_names::of_kind);
        let of_tokens = ["DecodeJWT", "GenerateJWT", "VerifyJWT"].map(fault_names::of_kind).concat();
        let names = if prefix == "steps.jwt" { &of_tokens } else { names };
        assert!(names.contains(&name), "{code}");
    }
}
