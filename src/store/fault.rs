//! Panics of the database, turned into values.
//!
//! sled panics on some damaged files, on the caller's thread or on its own. The panic's message is
//! logged at debug level; the administrator reads the store's own sentence.

use std::{
    any::Any,
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Once,
};

/// Runs `work`; returns the message of a panic in it as the error.
pub(super) fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    QUIET_HOOK.call_once(install_quiet_hook);
    let outer = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CONTAINED.set(outer);
    result.map_err(|panic| format!("the database gave up ({})", message(&*panic)))
}

/// Keeps contained panics, and those of sled's own threads, off stderr.
fn install_quiet_hook() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let thread = std::thread::current();
        let of_sled = thread.name().is_some_and(|name| name.starts_with("sled-io-"));
        if CONTAINED.get() || of_sled {
            tracing::debug!(place = ?info.location(), "the database panicked");
        } else {
            loud(info);
        }
    }));
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no reason given").chars().take(200).collect()
}

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}
static QUIET_HOOK: Once = Once::new();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_sentence() {
        let said = contain(|| panic!("page {} is gone", 7));
        assert_eq!(said, Err("the database gave up (page 7 is gone)".to_owned()));
        assert_eq!(contain(|| 5), Ok(5));
    }
}
