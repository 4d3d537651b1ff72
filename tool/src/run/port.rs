//! Checks of ports before Envoy starts.

use crate::envoy_file::Listener;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Rejects port 0, because the chosen port would be unknown.
///
/// # Errors
/// The port is 0.
pub(super) fn check_number(argument: &str, port: u16) -> io::Result<()> {
    let text = || format!("{argument} must be from 1 to 65535, got 0");
    if port == 0 { Err(io::Error::new(io::ErrorKind::InvalidInput, text())) } else { Ok(()) }
}

/// An address that Envoy will listen on.
#[derive(Debug)]
pub(super) struct Taken {
    /// The address.
    pub(super) listener: Listener,
    /// The way to choose another one.
    pub(super) hint: String,
}

/// Rejects a port that is in use. Envoy would share it with another Envoy, and each would get a part of the requests.
///
/// # Errors
/// The port is in use, or the process may not listen on it. Port 0 is always free.
pub(super) fn check_free(taken: &Taken) -> io::Result<()> {
    let Taken { listener: Listener { address, port, .. }, hint } = taken;
    // Envoy reports an address that is not one.
    let Ok(address) = address.parse::<IpAddr>() else { return Ok(()) };
    let listened = TcpListener::bind((address, *port)).map(drop);
    listened.map_err(|error| {
        let text = match error.kind() {
            io::ErrorKind::AddrInUse => format!("port {port} is already in use; {hint}"),
            _ => format!("cannot listen on port {port}: {error}; {hint}"),
        };
        io::Error::new(error.kind(), text)
    })
}

/// Waits until a connection to the address succeeds: Envoy's workers listen a moment after they start.
pub(super) fn await_connection(taken: &Taken) {
    const TRIES: usize = 100;
    const PAUSE: Duration = Duration::from_millis(20);
    let Listener { address, port, .. } = &taken.listener;
    let Ok(address) = address.parse::<IpAddr>() else { return };
    let address = match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    if *port > 0 {
        let is_open = |_: &usize| {
            let found = TcpStream::connect_timeout(&(address, *port).into(), PAUSE).is_ok();
            if !found {
                thread::sleep(PAUSE);
            }
            found
        };
        let _ = (0..TRIES).find(is_open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_an_error() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = |address: &str, port| Taken {
            listener: Listener { address: address.to_owned(), port, has_tls: false },
            hint: "choose another with --port".to_owned(),
        };
        for address in ["127.0.0.1", "0.0.0.0"] {
            let error = check_free(&taken(address, port)).unwrap_err().to_string();
            assert_eq!(error, format!("port {port} is already in use; choose another with --port"));
        }
        assert!(check_free(&taken("127.0.0.1", 0)).is_ok());
    }
}
