//! Bytes as a pushed transaction, and each of its events.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matrix_appservice_wechat::matrix::{Transaction, event};

fuzz_target!(|body: &[u8]| {
    let Ok(transaction) = Transaction::parse("1", body) else { return };
    for raw in transaction.events.iter().chain(&transaction.ephemeral) {
        let _ = event::parse(raw);
    }
});
