//! A gate that delays responses until a case opens it.

use tokio::sync::watch;

/// Closed at first. A case decides when a response is sent, without a fixed delay.
#[derive(Clone, Debug)]
pub struct Gate {
    open: watch::Sender<bool>,
}

impl Gate {
    pub fn closed() -> Gate {
        Gate { open: watch::Sender::new(false) }
    }

    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Returns once the gate is open.
    pub async fn passed(&self) {
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}
