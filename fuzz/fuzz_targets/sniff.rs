//! Bytes as a file, and as its name: the file is of some kind, and the name is one that a folder
//! takes and that does not change when it is made safe again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matrix_appservice_wechat::media::{name::safe_name, sniff::sniff};

fuzz_target!(|bytes: &[u8]| {
    let kind = sniff(bytes);
    assert!(kind.mime.contains('/') && !kind.extension.is_empty());
    let given = String::from_utf8_lossy(bytes);
    let name = safe_name(Some(&given), kind);
    assert!(name.len() <= 120 && !name.starts_with('.') && !name.ends_with('.'));
    assert!(!name.contains(['/', '\\', '\0']));
    assert_eq!(safe_name(Some(&name), kind), name);
});
