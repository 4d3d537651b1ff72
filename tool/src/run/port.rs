//! Ports that cannot be listened on.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Where port 0 ended up only Envoy knows, so that nobody could ask there.
///
/// # Errors
/// The port is 0.
pub(super) fn must_be_one(argument: &str, port: u16) -> io::Result<()> {
    let text = || format!("{argument} 0 is no port to send requests to: name one from 1 to 65535");
    if port == 0 { Err(io::Error::new(io::ErrorKind::InvalidInput, text())) } else { Ok(()) }
}

/// Envoy itself would share a port with another Envoy, and each would get a part of the requests.
///
/// # Errors
/// Something listens there, or nobody may. Port 0 is always free.
pub(super) fn must_be_free(argument: &str, address: Ipv4Addr, port: u16) -> io::Result<()> {
    let listened = TcpListener::bind((address, port)).map(drop);
    listened.map_err(|error| {
        let text = match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("something listens on port {port} already: choose another with {argument}")
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
    fn a_port_that_is_listened_on_is_told() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
            let told = must_be_free("--port", address, port).unwrap_err().to_string();
            assert_eq!(told, format!("something listens on port {port} already: choose another with --port"));
        }
        assert!(must_be_free("--admin-port", Ipv4Addr::LOCALHOST, 0).is_ok());
    }
}
