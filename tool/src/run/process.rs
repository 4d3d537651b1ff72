//! Envoy as a child process: its output lines and its end.

use crate::native::SEARCH_PATH;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

/// An output line of Envoy.
pub(super) enum Line {
    /// A line of the log on standard error.
    Log(String),
    /// A line of the access log on standard output.
    Output(String),
}

/// The end of Envoy.
pub(super) struct Ended {
    /// Whether a signal to the tool requested the end.
    pub(super) is_requested: bool,
    /// The exit status or the signal.
    pub(super) status: ExitStatus,
}

/// The format of a log line: level, logger and text. [`super::log`] reads it.
const LOG_FORMAT: &str = "%l|%n|%v";

/// Starts Envoy and passes every line to `show` until Envoy ends. An interrupt or a termination signal ends Envoy.
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
        // Next to the configuration is the native module, if it runs.
        .envs(configuration.parent().map(|folder| (SEARCH_PATH, folder)))
        .args([
            "--use-dynamic-base-id",
            "--log-level",
            "warning",
            "--component-log-level",
            "wasm:info,dynamic_modules:info,main:info,config:info",
        ])
        // Envoy writes the access log at once.
        .args(["--log-format", LOG_FORMAT, "--file-flush-interval-msec", "50"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("cannot start {}: {error}", envoy.display())))?;
    let is_requested = stop_on_signals(&child)?;
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
                // Without an output, Envoy has to end.
                end(&child);
            }
        }
    }
    readers.into_iter().flatten().for_each(|reader| drop(reader.join()));
    let status = child.wait()?;
    shown?;
    Ok(Ended { is_requested: is_requested.load(Ordering::SeqCst), status })
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

/// Forwards an interrupt or a termination signal to Envoy. The flag is set when a signal arrived.
fn stop_on_signals(child: &Child) -> io::Result<Arc<AtomicBool>> {
    let received = Arc::new(AtomicBool::new(false));
    let (flag, id) = (Arc::clone(&received), child.id());
    ctrlc::set_handler(move || {
        flag.store(true, Ordering::SeqCst);
        end_process(id);
    })
    .map_err(io::Error::other)?;
    Ok(received)
}

fn end(child: &Child) {
    end_process(child.id());
}

/// Sends a termination signal to a process.
fn end_process(id: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // The process can have ended before.
        let _ = kill_process(pid, Signal::TERM);
    }
}
