//! Loading a configuration.

use std::hint::black_box;

use criterion::Criterion;
use envoy_callout::config;

use crate::configuration;

pub(crate) fn benchmark(criterion: &mut Criterion) {
    let bytes = configuration::callout(1);
    criterion.bench_function("load/service_callout", |bencher| {
        bencher.iter(|| config::load(black_box(&bytes)).unwrap());
    });
}
