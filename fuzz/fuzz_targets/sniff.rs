//! Takes bytes as the beginning of a file and as its name: each has a kind, and a name that does no
//! harm.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matrix_appservice_wechat::media::{name::safe_name, sniff};

fuzz_target!(|bytes: &[u8]| {
    let kind = sniff::sniff(bytes);
    assert!(kind.mime.contains('/') && !kind.extension.is_empty());
    // What lies behind the beginning does not count.
    assert_eq!(kind, sniff::sniff(&bytes[..bytes.len().min(sniff::HEAD)]));
    let given = String::from_utf8_lossy(bytes);
    let name = safe_name(Some(&given), kind);
    assert!((1..=120).contains(&name.len()) && !name.starts_with('.'));
    assert!(!name.contains(|c: char| c.is_control() || "/\\:*?\"<>|".contains(c)));
    // A safe name stays as it is.
    assert_eq!(safe_name(Some(&name), kind), name);
});
