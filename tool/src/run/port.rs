//! Checks of ports before Envoy starts.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Rejects port 0, because the chosen port would be unknown.
///
/// # Errors
/// The port is 0.
pub(super) fn check_number(argument: &str, port: u16) -> io::Result<()> {
    let text = || format!("{argument} must be from 1 to 65535, got 0");
    if port == 0 { Err(io::Error::new(io::ErrorKind::InvalidInput, text())) } else { Ok(()) }
}

/// Rejects a port that is in use. Envoy would share it with another Envoy, and each would get a part of the requests.
///
/// # Errors
/// The port is in use, or the process may not listen on it. Port 0 is always free.
pub(super) fn check_free(argument: &str, address: Ipv4Addr, port: u16) -> io::Result<()> {
    let listened = TcpListener::bind((address, port)).map(drop);
    listened.map_err(|error| {
        let text = match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("port {port} is already in use; choose another with {argument}")
            }
            _ => format!("cannot listen on port {port}: {error}; choose another with {argument}"),
        };
        io::Error::new(error.kind(), text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_an_error() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
            let error = check_free("--port", address, port).unwrap_err().to_string();
            assert_eq!(error, format!("port {port} is already in use; choose another with --port"));
        }
        assert!(check_free("--admin-port", Ipv4Addr::LOCALHOST, 0).is_ok());
    }
}
