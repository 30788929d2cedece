//! Bytes as a SILK file: they are refused, or taken apart without loss up to the end mark.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matrix_appservice_wechat::media::silk;

fuzz_target!(|bytes: &[u8]| {
    let Ok(packets) = silk::packets(bytes) else { return };
    assert!(silk::is_silk(bytes) && !packets.is_empty());
    let mut again = b"#!SILK_V3".to_vec();
    for packet in &packets {
        again.extend_from_slice(&(packet.len() as u16).to_le_bytes());
        again.extend_from_slice(packet);
    }
    let bytes = bytes.strip_prefix(b"\x02").unwrap_or(bytes);
    assert!(bytes.starts_with(&again));
    assert_eq!(silk::packets(&again), Ok(packets));
});
