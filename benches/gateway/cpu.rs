//! The processor time of a process.

use std::fs;
use std::time::Duration;

/// What all threads of a process have spent so far, in user and kernel mode. The kernel counts it in nanoseconds and
/// brings it up to date when a thread goes to sleep.
pub fn time(process: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("the process runs on this Linux machine");
    let nanoseconds = tasks.map(|task| {
        let path = task.unwrap().path().join("schedstat");
        let statistics = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // Time on the processor, time waiting for it, how often.
        statistics.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    Duration::from_nanos(nanoseconds.sum())
}
