//! Any bytes as the answer to a poll: they are refused or read, and every message in them too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matrix_appservice_wechat::ilink::{Message, Updates};

fuzz_target!(|body: &[u8]| {
    let Ok(updates) = Updates::parse(body) else { return };
    for raw in &updates.messages {
        let Ok(message) = Message::parse(raw.get()) else { continue };
        let keys = message.dedupe_keys();
        // Equal bytes are an equal message, and a key never outgrows its place in the store.
        assert_eq!(Message::parse(raw.get()).map(|again| again.dedupe_keys()), Ok(keys.clone()));
        assert!(keys.iter().all(|key| key.len() <= 300));
    }
});
