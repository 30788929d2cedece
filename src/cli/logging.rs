//! The log: its output, and what never appears in it.

use std::io::{self, IsTerminal};

use matrix_appservice_wechat::config::{Log, LogFormat};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

use super::exit::{Exit, Failure};

/// Sends log lines to standard error from here on.
pub(crate) fn start(log: &Log) -> Result<(), Failure> {
    let filter = EnvFilter::builder()
        .parse(&log.filter)
        .map_err(|why| Failure::new(Exit::ConfigInvalid, why))?;
    let lines = fmt::layer().with_writer(io::stderr);
    let lines = match log.format {
        LogFormat::Pretty => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(may_be_shown))
        .with(lines)
        .try_init()
        .map_err(|why| Failure::new(Exit::Internal, why))?;
    std::panic::set_hook(Box::new(|panic| {
        // The message of a panic may contain a part of a text; its place is enough to find it.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
    Ok(())
}

/// Returns whether a line may be logged. HTTP libraries log addresses and headers, which hold
/// tokens, at debug level.
fn may_be_shown(line: &Metadata<'_>) -> bool {
    *line.level() <= Level::INFO || line.target().starts_with(OURS)
}

const OURS: &str = "matrix_appservice_wechat";
