//! Envoy as a child: its lines as they come, and its end.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

/// A line of Envoy's.
pub(super) enum Line {
    /// Of its log, which goes to standard error.
    Log(String),
    /// Of its standard output, where access logs go.
    Output(String),
}

/// How Envoy ended.
pub(super) struct Ended {
    /// It was told to.
    pub(super) is_ordered: bool,
    /// Its exit status, or the signal that ended it.
    pub(super) status: ExitStatus,
}

/// How Envoy writes a line of its log: level, logger and text, as [`super::log`] reads it.
const LOG_FORMAT: &str = "%l|%n|%v";

/// Starts Envoy and hands every line to `show` until it ends. An interrupt or a termination signal ends it cleanly.
///
/// # Errors
/// Envoy cannot be started, or `show` fails.
pub(super) fn run(
    envoy: &Path,
    configuration: &Path,
    show: &mut dyn FnMut(Line) -> io::Result<()>,
) -> io::Result<Ended> {
    let mut child = Command::new(envoy)
        .arg("--config-path")
        .arg(configuration)
        .args(["--use-dynamic-base-id", "--log-level", "warning", "--component-log-level", "wasm:info,main:info"])
        // Access logs are shown as they happen.
        .args(["--log-format", LOG_FORMAT, "--file-flush-interval-msec", "50"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("cannot start {}: {error}", envoy.display())))?;
    let is_ordered = stop_on_signals(&child)?;
    let (sender, lines) = mpsc::channel();
    let readers = [
        child.stderr.take().map(|log| follow(log, Line::Log, sender.clone())),
        child.stdout.take().map(|output| follow(output, Line::Output, sender)),
    ];
    let mut shown = Ok(());
    for line in lines {
        if shown.is_ok() {
            shown = show(line);
            if shown.is_err() {
                // Nobody looks any more, so it should end too.
                end(&child);
            }
        }
    }
    readers.into_iter().flatten().for_each(|reader| drop(reader.join()));
    let status = child.wait()?;
    shown?;
    Ok(Ended { is_ordered: is_ordered.load(Ordering::SeqCst), status })
}

fn follow(pipe: impl Read + Send + 'static, kind: fn(String) -> Line, sender: Sender<Line>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            if sender.send(kind(line)).is_err() {
                return;
            }
        }
    })
}

/// Passes an interrupt or a termination on to Envoy. The flag tells whether one came.
fn stop_on_signals(child: &Child) -> io::Result<Arc<AtomicBool>> {
    let came = Arc::new(AtomicBool::new(false));
    let (flag, id) = (Arc::clone(&came), child.id());
    ctrlc::set_handler(move || {
        flag.store(true, Ordering::SeqCst);
        end_process(id);
    })
    .map_err(io::Error::other)?;
    Ok(came)
}

fn end(child: &Child) {
    end_process(child.id());
}

/// Asks a process to end.
fn end_process(id: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It may have ended already.
        let _ = kill_process(pid, Signal::TERM);
    }
}
