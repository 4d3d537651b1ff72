//! The directory of one run: bootstrap, Envoy's log, access logs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, process};

/// A directory below Cargo's own for tests; removed at the end unless something failed.
pub struct RunDirectory {
    path: PathBuf,
    kept: bool,
}

impl RunDirectory {
    pub fn create() -> RunDirectory {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("blackbox-{}-{number}", process::id()));
        fs::create_dir_all(&path).unwrap();
        RunDirectory { path, kept: false }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the directory after a failure.
    pub fn keep(&mut self) -> &Path {
        self.kept = true;
        &self.path
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        if !self.kept && !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
