//! Whole transactions. The cost of a template is a ninth of the difference between one template and ten.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use criterion::Criterion;
use envoy_callout::config;
use envoy_callout::flow::{self, Worker};
use envoy_callout::plan::Plan;

use crate::configuration;
use crate::host::BenchHost;

pub(crate) fn benchmark(criterion: &mut Criterion) {
    for (name, templates) in [("transaction/service_callout", 1), ("transaction/service_callout_10_templates", 10)] {
        let plan = config::load(&configuration::callout(templates)).unwrap().plan;
        let (worker, host) = (Worker::default(), BenchHost::new());
        transact(&plan, &worker, &host);
        assert_eq!(host.succeeded.get(), 1);
        assert_ne!(host.published.get(), 0);
        criterion.bench_function(name, |bencher| bencher.iter(|| transact(&plan, &worker, &host)));
    }
}

fn transact(plan: &Plan, worker: &Worker, host: &BenchHost) {
    let transaction = pin!(flow::run(plan, worker, host));
    assert!(matches!(transaction.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(())));
}
