//! The lab: one real Envoy, and around it the clients and servers of every case.
//!
//! Cases register first: each gets listeners, clusters and servers of its own. Then one Envoy starts with all of it,
//! the cases run in parallel, and at the end `no_vm_failed` reads what Envoy logged. Only the cases that the name
//! filter selects are set up at all.
//!
//! ```ignore
//! lab.case("one_call", |setup| {
//!     let maps = setup.backend(|_: &Received| Answer::json(200, r#"{"status":"OK"}"#));
//!     let configuration = json!({"policies": [POLICY], "clusters": {"http://maps.test": maps.cluster()}});
//!     let site = setup.listener(Listener::new(configuration).log_state(&["answer.content"]));
//!     move || async move {
//!         assert_eq!(site.get("/near").await.status, 200);
//!         assert_eq!(maps.only_request().path_and_query, "/geocode");
//!         assert_eq!(site.upstream().only_request().header("x-geo"), Some("OK"));
//!         assert_eq!(site.logged().await.state("answer.content"), Some(r#"{"status":"OK"}"#));
//!     }
//! });
//! ```
#![allow(dead_code, reason = "cases use the lab piece by piece")]

use std::future::Future;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::{Builder, Runtime};

mod access_log;
mod admin;
mod backend;
mod body;
mod bootstrap;
mod certificates;
pub mod client;
mod cluster;
pub mod envoy;
pub mod envoy_log;
mod example;
pub mod filter;
mod gate;
mod host;
mod integration_service;
mod listener;
mod message;
mod mock_response;
mod raw_backend;
pub mod rendered;
mod request;
mod run_directory;
mod running_example;
mod session;
mod setup;
mod site;
mod validate;
mod wire;

pub use access_log::LogEntry;
pub use admin::Admin;
pub use backend::{Backend, Received};
pub use certificates::{Authority, Identity};
pub use cluster::Cluster;
pub use envoy::minor_version;
pub use example::Example;
pub use gate::Gate;
pub use host::Host;
pub use integration_service::{EXECUTED, IntegrationService, SCHEDULED, TOKEN, give_token};
pub use listener::{Listener, ours};
pub use message::Message;
pub use mock_response::MockResponse;
pub use raw_backend::RawBackend;
pub use rendered::Rendered;
pub use request::{ClientResponse, Request};
pub use run_directory::RunDirectory;
pub use running_example::RunningExample;
pub use session::Session;
pub use setup::Setup;
pub use site::{Exchange, Site};
pub use wire::Wire;

use bootstrap::Bootstrap;
use envoy::{Addresses, Envoy};

/// Maximum duration of a case. A case that hangs fails with its name.
const CASE_LIMIT: Duration = Duration::from_secs(60);

/// The number of concurrent cases. Cases mostly wait, so it can exceed the number of processors.
const CASES_AT_ONCE: usize = 8;

/// Registers and runs the cases.
pub struct Lab {
    arguments: Arguments,
    runtime: Arc<Runtime>,
    directory: RunDirectory,
    bootstrap: Bootstrap,
    addresses: Arc<OnceLock<Addresses>>,
    group: &'static str,
    /// The names of all cases.
    cases: Vec<String>,
    trials: Vec<Trial>,
}

impl Lab {
    /// A lab with the arguments of the command line of `cargo test -- …`.
    pub fn from_args() -> Lab {
        let mut arguments = Arguments::from_args();
        arguments.test_threads.get_or_insert(CASES_AT_ONCE);
        Lab {
            arguments,
            runtime: Arc::new(Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()),
            directory: RunDirectory::create(),
            bootstrap: Bootstrap { runtime: Host::current().runtime(), ..Bootstrap::default() },
            addresses: Arc::default(),
            group: "",
            cases: Vec::new(),
            trials: Vec::new(),
        }
    }

    /// A lab whose cases run one after the other in an Envoy of their own: those that load a worker or measure memory.
    pub fn one_at_a_time() -> Lab {
        let mut lab = Lab::from_args();
        lab.arguments.test_threads = Some(1);
        lab
    }

    /// Registers the cases of one file; their names start with the name of the group.
    pub fn group(&mut self, name: &'static str, cases: fn(&mut Lab)) {
        self.group = name;
        cases(self);
    }

    /// Checks that the cases exist that a host skips.
    pub fn check_skips(&self) {
        assert_eq!(Host::unknown_skips(&self.cases), [] as [&str; 0]);
    }

    /// Registers a case: `prepare` declares listeners and servers, the closure it returns is the test.
    pub fn case<P, T, F>(&mut self, name: &str, prepare: P)
    where
        P: FnOnce(&mut Setup<'_>) -> T,
        T: FnOnce() -> F + Send + 'static,
        F: Future<Output = ()>,
    {
        let name = format!("{}::{name}", self.group);
        let nothing = Trial::test(&name, || Ok(()));
        self.cases.push(name.clone());
        if self.arguments.list || self.arguments.is_filtered_out(&nothing) {
            self.trials.push(nothing);
            return;
        }
        if let Some(reason) = Host::current().skips(&name) {
            eprintln!("{name} is skipped: {reason}");
            self.trials.push(nothing.with_ignored_flag(true));
            return;
        }
        let test = prepare(&mut Setup::new(self, &name));
        let runtime = Arc::clone(&self.runtime);
        self.trials.push(Trial::test(name, move || {
            runtime
                .block_on(async { tokio::time::timeout(CASE_LIMIT, test()).await })
                .map_err(|_| format!("no end after {CASE_LIMIT:?}").into())
        }));
    }

    /// Runs the selected cases in one Envoy, then `no_vm_failed`.
    pub fn run(mut self) -> ExitCode {
        if self.arguments.list {
            self.trials.push(Trial::test("no_vm_failed", || Ok(())));
            return libtest_mimic::run(&self.arguments, self.trials).exit_code();
        }
        let anything_selected = self.trials.iter().any(|trial| !self.arguments.is_filtered_out(trial));
        let envoy = anything_selected.then(|| {
            let bootstrap = serde_json::to_vec_pretty(&self.bootstrap.to_json()).unwrap();
            let start = Envoy::start("bootstrap.json", &bootstrap, self.bootstrap.listeners.len(), &self.directory);
            let envoy = self.runtime.block_on(start);
            assert!(self.addresses.set(envoy.addresses().clone()).is_ok());
            envoy
        });
        let cases = libtest_mimic::run(&self.arguments, self.trials);
        drop(envoy);

        // A separate run, because the test must run after Envoy's end and independent of the name filter.
        let path = self.directory.path().to_owned();
        let last = vec![Trial::test("no_vm_failed", move || envoy_log::no_vm_failed(&path).map_err(Into::into))];
        let unfiltered = Arguments { filter: None, skip: Vec::new(), exact: false, ..self.arguments };
        let end = libtest_mimic::run(&unfiltered, last);

        if cases.has_failed() || end.has_failed() {
            eprintln!("Envoy's configuration and logs: {}", self.directory.keep().display());
            return ExitCode::from(101);
        }
        ExitCode::SUCCESS
    }
}
