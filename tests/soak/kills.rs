//! Kills a server again and again, and starts it again on the same port.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ledger::Ledger;
use super::random::Random;
use super::services::Server;

/// Kills the server until the end. Returns the running server, and how often it was killed.
pub async fn run(mut server: Server, ledger: Arc<Ledger>, mut random: Random, end: Instant) -> (Server, u64) {
    let mut kills = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(1500 + random.below(2000))).await;
        if Instant::now() + Duration::from_secs(1) > end {
            return (server, kills);
        }
        server.kill();
        kills += 1;
        tokio::time::sleep(Duration::from_millis(random.below(500))).await;
        server = Server::start(server.port(), &ledger);
    }
}
