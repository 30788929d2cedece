//! Any text as the key of a file: it is refused, or one key that is read again as it is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matrix_appservice_wechat::ilink::{AesKey, body::MediaKey};

fuzz_target!(|spelled: &str| {
    let Some(key) = AesKey::parse(&MediaKey::new(spelled)) else { return };
    // No spelling is shorter than 16 bytes in base64 without padding.
    assert!(spelled.trim().len() >= 22);
    assert_eq!(AesKey::from_hex(key.to_hex().expose()).as_ref(), Some(&key));
    for written in [key.to_hex(), key.to_base64_of_hex()] {
        assert_eq!(AesKey::parse(&MediaKey::new(written.expose())).as_ref(), Some(&key));
    }
});
