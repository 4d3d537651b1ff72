use super::*;
use crate::diagnostic::Diagnostics;
use crate::language::xml::Document;
use crate::policy::connection::{Connection, Target};

const START: Duration = Duration::from_secs(1_000_000);

fn policy(content: &str) -> LoadBalancer {
    let text = format!(
        "<ServiceCallout name='SC'><HTTPTargetConnection><LoadBalancer>{content}</LoadBalancer></HTTPTargetConnection>\
         </ServiceCallout>"
    );
    let document = Document::parse(&text).unwrap();
    let mut diagnostics = Diagnostics::default();
    let connection = Connection::parse(document.root(), "SC", &mut diagnostics).unwrap();
    assert!(diagnostics.into_vec().is_empty());
    let Target::LoadBalancer(balancer) = connection.target else { panic!() };
    balancer
}

fn balancer_of(policy: &LoadBalancer) -> Balancer {
    Balancer::new(policy.servers.iter().map(|server| server.is_enabled))
}

fn choose(balancer: &mut Balancer, policy: &LoadBalancer, tried: &[usize], now: Duration) -> Option<usize> {
    balancer.choose(policy, tried, now).map(|(index, _)| index)
}

#[test]
fn round_robin_goes_in_listed_order() {
    let policy = policy("<Server name='a'/><Server name='b'><IsEnabled>false</IsEnabled></Server><Server name='c'/>");
    let mut balancer = balancer_of(&policy);
    let chosen: Vec<_> = (0..5).map(|_| choose(&mut balancer, &policy, &[], START).unwrap()).collect();
    assert_eq!(chosen, [0, 2, 0, 2, 0]);
    assert_eq!(choose(&mut balancer, &policy, &[2], START), Some(0), "a tried server is skipped");
    assert_eq!(choose(&mut balancer, &policy, &[0, 2], START), None);
}

#[test]
fn weighted_calls_are_exact_and_evenly_spread() {
    let policy = policy(
        "<Algorithm>Weighted</Algorithm><Server name='a'><Weight>1</Weight></Server>\
         <Server name='b'><Weight>3</Weight></Server><Server name='c'><Weight>0</Weight></Server>",
    );
    let mut balancer = balancer_of(&policy);
    let chosen: Vec<_> = (0..8).map(|_| choose(&mut balancer, &policy, &[], START).unwrap()).collect();
    assert_eq!(chosen, [1, 0, 1, 1, 1, 0, 1, 1]);
}

#[test]
fn the_least_busy_server_is_chosen_and_a_dropped_call_is_not_counted() {
    let policy = policy("<Algorithm>LeastConnections</Algorithm><Server name='a'/><Server name='b'/>");
    let mut balancer = balancer_of(&policy);
    let (first, call) = balancer.choose(&policy, &[], START).unwrap();
    assert_eq!(first, 0);
    assert_eq!(choose(&mut balancer, &policy, &[], START), Some(1));
    assert_eq!(choose(&mut balancer, &policy, &[], START), Some(1));
    drop(call);
    assert_eq!(choose(&mut balancer, &policy, &[], START), Some(0));
}

#[test]
fn failures_in_a_row_disable_a_server_for_a_time() {
    let policy = policy("<MaxFailures>2</MaxFailures><Server name='a'/><Server name='b'/>");
    let mut balancer = balancer_of(&policy);
    balancer.report(&policy, 0, true, START);
    balancer.report(&policy, 0, false, START);
    balancer.report(&policy, 0, true, START);
    assert_eq!(choose(&mut balancer, &policy, &[], START), Some(0), "the failures were not in a row");
    balancer.report(&policy, 0, true, START);
    for _ in 0..2 {
        assert_eq!(choose(&mut balancer, &policy, &[], START), Some(1));
    }
    balancer.report(&policy, 1, true, START);
    balancer.report(&policy, 1, true, START);
    assert_eq!(choose(&mut balancer, &policy, &[], START), None);
    let later = START + Duration::from_secs(300);
    assert_eq!(choose(&mut balancer, &policy, &[], later), Some(0));
    balancer.report(&policy, 0, true, later);
    assert_eq!(
        choose(&mut balancer, &policy, &[], later),
        Some(1),
        "the first failure after its return removes it again"
    );
}

#[test]
fn without_max_failures_no_server_is_disabled() {
    let policy = policy("<Server name='a'/><Server name='b'><IsFallback>true</IsFallback></Server>");
    let mut balancer = balancer_of(&policy);
    for _ in 0..9 {
        assert_eq!(choose(&mut balancer, &policy, &[], START), Some(0));
        balancer.report(&policy, 0, true, START);
    }
    assert_eq!(choose(&mut balancer, &policy, &[0], START), None, "the fallback is for servers out of rotation");
}

#[test]
fn the_fallback_is_used_when_all_others_are_disabled() {
    let policy = policy(
        "<MaxFailures>1</MaxFailures><TargetDisableSecs>10</TargetDisableSecs>\
         <Server name='a'><IsFallback>true</IsFallback></Server><Server name='b'/>",
    );
    let mut balancer = balancer_of(&policy);
    assert_eq!(choose(&mut balancer, &policy, &[], START), Some(1));
    balancer.report(&policy, 1, true, START);
    assert_eq!(choose(&mut balancer, &policy, &[1], START), Some(0));
    balancer.report(&policy, 0, true, START);
    assert_eq!(choose(&mut balancer, &policy, &[], START), None);
    assert_eq!(choose(&mut balancer, &policy, &[], START + Duration::from_secs(10)), Some(1));
}
