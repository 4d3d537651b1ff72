//! The server processes, seen from the soak.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::ledger::Ledger;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A server process. It ends when this is dropped.
pub struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// Starts a server, whose calls the ledger gets. Port 0 selects a free port.
    pub fn start(port: u16, ledger: &Arc<Ledger>) -> Server {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["server", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (started, port) = mpsc::channel();
        let ledger = Arc::clone(ledger);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let words: Vec<&str> = line.split(' ').collect();
                match words.as_slice() {
                    ["PORT", port] => drop(started.send(port.parse().unwrap())),
                    ["CALL", service, id] => ledger.called(service, id),
                    ["MIXED", service, id] => ledger.mixed(&format!("{service} of {id} got another id")),
                    // A killed process leaves half a line.
                    _ => {}
                }
            }
        });
        let port = port.recv_timeout(START_LIMIT).expect("the server does not start");
        Server { process, port }
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills the process (SIGKILL).
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
