use crate::policy::Policy;

fn problems(text: &str) -> Vec<String> {
    Policy::parse(text, "policies[0]").1.iter().map(ToString::to_string).collect()
}

const KEY: &str = "<CacheKey><KeyFragment>k</KeyFragment></CacheKey>";

#[test]
fn policies_with_every_element_have_no_problems() {
    let key = "<CacheKey><Prefix>p</Prefix><KeyFragment ref='a'/><KeyFragment>b</KeyFragment></CacheKey>
        <CacheResource>c</CacheResource><Scope>Global</Scope><DisplayName>d</DisplayName><Properties/>";
    let expiry = "<ExpirySettings><TimeoutInSeconds ref='t'>60</TimeoutInSeconds><TimeoutInSec>60</TimeoutInSec>
        <ExpiryDate ref='d'>12-31-2030</ExpiryDate><TimeOfDay ref='o'>23:59:59</TimeOfDay></ExpirySettings>";
    let cases = [
        format!("<PopulateCache name='P'>{key}{expiry}<Source>s</Source></PopulateCache>"),
        format!(
            "<PopulateCache name='P'>{KEY}<ExpirySettings><ExpiryDate/><TimeOfDay/></ExpirySettings><Source>s</Source></PopulateCache>"
        ),
        format!(
            "<LookupCache name='L'>{key}<CacheLookupTimeoutInSeconds>12</CacheLookupTimeoutInSeconds><AssignTo>a</AssignTo></LookupCache>"
        ),
        format!(
            "<InvalidateCache name='I'>{key}<CacheContext><APIProxyName>a</APIProxyName><ProxyName>p</ProxyName>
             <TargetName>t</TargetName></CacheContext><PurgeChildEntries>true</PurgeChildEntries></InvalidateCache>"
        ),
    ];
    for text in cases {
        assert_eq!(problems(&text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn problems_are_reported() {
    let cases = [
        (
            "<LookupCache name='L'><AssignTo>a</AssignTo></LookupCache>".to_owned(),
            "L, line 1, column 1: CacheKey is missing",
        ),
        (format!("<LookupCache name='L'>{KEY}</LookupCache>"), "L, line 1, column 1: AssignTo is missing"),
        (
            format!(
                "<LookupCache name='L'>{KEY}<AssignTo>a</AssignTo><CacheLookupTimeoutInSeconds>-1</CacheLookupTimeoutInSeconds></LookupCache>"
            ),
            "L, line 1, column 94: InvalidTimeout: CacheLookupTimeoutInSeconds must be a number of seconds, got \"-1\"",
        ),
        (
            format!("<InvalidateCache name='I'>{KEY}<Scope>global</Scope></InvalidateCache>"),
            "I, line 1, column 76: Scope must be Exclusive, Global, Application, Proxy or Target, got \"global\"",
        ),
        (
            "<LookupCache name='L'><CacheKey><Prefix>p</Prefix><KeyFragment ref=' '/></CacheKey><AssignTo>a</AssignTo></LookupCache>".to_owned(),
            "L, line 1, column 51: KeyFragment has neither a text nor ref and is not a part of the key",
        ),
        (format!("<PopulateCache name='P'>{KEY}</PopulateCache>"), "P, line 1, column 1: Source is missing"),
        (
            format!(
                "<PopulateCache name='P'>{KEY}<Source>s</Source><ExpirySettings><TimeoutInSec>soon</TimeoutInSec></ExpirySettings></PopulateCache>"
            ),
            "P, line 1, column 108: TimeoutInSec must be a number of seconds, got \"soon\"",
        ),
        (
            format!(
                "<PopulateCache name='P'>{KEY}<Source>s</Source><ExpirySettings><ExpiryDate>2030-12-31</ExpiryDate></ExpirySettings></PopulateCache>"
            ),
            "P, line 1, column 108: ExpiryDate must be a date mm-dd-yyyy, got \"2030-12-31\"",
        ),
        (
            format!(
                "<PopulateCache name='P'>{KEY}<Source>s</Source><ExpirySettings><TimeOfDay>8</TimeOfDay></ExpirySettings></PopulateCache>"
            ),
            "P, line 1, column 108: TimeOfDay must be a time hh:mm:ss, got \"8\"",
        ),
        (
            format!("<InvalidateCache name='I'>{KEY}<Source>s</Source></InvalidateCache>"),
            "I, line 1, column 76: unknown element Source in InvalidateCache is ignored",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(&text), [expected], "{text}");
    }
}
