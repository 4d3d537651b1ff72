//! An example as `make run` starts it: with the tool, which starts Envoy.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use super::ClientResponse;
use super::client::exchange;
use super::example::{self, commands};
use super::filter;
use super::rendered::tool;

const LIMIT: Duration = Duration::from_secs(60);

/// A running tool, terminated when dropped.
pub struct RunningExample {
    tool: Child,
    lines: Receiver<String>,
    address: SocketAddr,
    commands: Vec<example::Command>,
}

impl RunningExample {
    /// Starts `scripts/run.sh NAME` on a free port.
    pub fn start(name: &str) -> RunningExample {
        let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let mut tool = Command::new("scripts/run.sh")
            .args([name, "--admin-port", "0", "--port", &address.port().to_string()])
            .env("TOOL", tool())
            .env("CALLOUT_WASM", filter::module())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(tool.stdout.take().unwrap()).lines();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || output.map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        let example = RunningExample { tool, lines, address, commands: commands(&folder) };
        example.wait_for(&format!("Envoy listens on http://{address}."));
        example
    }

    /// The commands of `try.sh`, in order.
    pub fn commands(&self) -> &[example::Command] {
        &self.commands
    }

    pub async fn run(&self, command: &example::Command) -> ClientResponse {
        exchange(self.address, command.request()).await.unwrap_or_else(|error| panic!("{}: {error}", command.text))
    }

    /// Waits for a line of the tool that starts with the text. Returns it.
    pub fn wait_for(&self, text: &str) -> String {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(LIMIT) {
            if line.starts_with(text) {
                return line;
            }
            seen.push(line);
        }
        panic!("no line {text:?} in {seen:#?}")
    }
}

impl Drop for RunningExample {
    fn drop(&mut self) {
        // The tool ends Envoy.
        let _ = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &self.tool.id().to_string()]).status();
        let _ = self.tool.wait();
    }
}
