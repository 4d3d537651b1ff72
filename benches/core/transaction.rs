//! Whole transactions. What a template costs is a ninth of what lies between one of them and ten.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use criterion::Criterion;
use envoy_callout::plan::Plan;
use envoy_callout::{config, flow};

use crate::configuration;
use crate::host::ScriptedHost;

pub(crate) fn benchmark(criterion: &mut Criterion) {
    for (name, templates) in [("transaction/service_callout", 1), ("transaction/service_callout_10_templates", 10)] {
        let plan = config::load(&configuration::callout(templates)).unwrap().plan;
        let host = ScriptedHost::new();
        transact(&plan, &host);
        assert_eq!(host.succeeded.get(), 1);
        assert_ne!(host.published.get(), 0);
        criterion.bench_function(name, |bencher| bencher.iter(|| transact(&plan, &host)));
    }
}

fn transact(plan: &Plan, host: &ScriptedHost) {
    let transaction = pin!(flow::run(plan, host));
    assert!(matches!(transaction.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(())));
}
