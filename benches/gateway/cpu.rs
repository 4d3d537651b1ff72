//! The CPU time of a process.

use std::fs;
use std::time::Duration;

/// The CPU time of all threads of a process, in user and kernel mode. The kernel counts nanoseconds and updates the
/// value when a thread sleeps.
pub fn time(process: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("the process runs on this Linux machine");
    let nanoseconds = tasks.map(|task| {
        let path = task.unwrap().path().join("schedstat");
        let statistics = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // The columns are: time on the processor, time waiting for it, number of runs.
        statistics.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    Duration::from_nanos(nanoseconds.sum())
}
