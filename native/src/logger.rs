//! Log lines in Envoy's logger `dynamic_modules`, with the name of the filter that runs.
#![allow(unsafe_code)]

use crate::abi::{self, ModuleBuffer};
use crate::config::Config;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::cell::RefCell;
use std::sync::Arc;

struct Logger;

static LOGGER: Logger = Logger;

thread_local! {
    /// The configuration whose code runs.
    static CURRENT: RefCell<Option<Arc<Config>>> = const { RefCell::new(None) };
}

/// Passes the lines of `log` on to Envoy.
pub(crate) fn install() {
    // A module that is loaded again has a logger.
    let _ = log::set_logger(&LOGGER);
    update_level();
}

/// Takes over Envoy's level, which an operator changes at run time.
pub(crate) fn update_level() {
    // SAFETY: the function takes no pointer.
    let level = match unsafe { abi::log_level() } {
        0 => LevelFilter::Trace,
        1 => LevelFilter::Debug,
        2 => LevelFilter::Info,
        3 => LevelFilter::Warn,
        4 | 5 => LevelFilter::Error,
        _ => LevelFilter::Off,
    };
    if log::max_level() != level {
        log::set_max_level(level);
    }
}

/// Sets the configuration whose code runs.
pub(crate) fn enter(config: &Arc<Config>) {
    CURRENT.with(|current| {
        let Ok(mut current) = current.try_borrow_mut() else { return };
        if current.as_ref().is_none_or(|current| !Arc::ptr_eq(current, config)) {
            *current = Some(Arc::clone(config));
        }
    });
}

/// The configuration whose code runs.
pub(crate) fn current() -> Option<Arc<Config>> {
    CURRENT.with(|current| current.try_borrow().ok()?.clone())
}

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let level = match record.level() {
            Level::Trace => 0,
            Level::Debug => 1,
            Level::Info => 2,
            Level::Warn => 3,
            Level::Error => 4,
        };
        let line = match current() {
            Some(config) => format!("{}: {}", config.name, record.args()),
            None => record.args().to_string(),
        };
        // SAFETY: Envoy copies the line.
        unsafe { abi::log(level, ModuleBuffer::new(line.as_bytes())) };
    }

    fn flush(&self) {}
}
