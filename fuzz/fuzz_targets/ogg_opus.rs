//! Bytes as an audio file, begun as Ogg: they are refused or decoded, and what is decoded has
//! samples. The decoder of Opus is C, so a finding may lie outside this project.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matrix_appservice_wechat::media::decode;

fuzz_target!(|bytes: &[u8]| {
    let file = [b"OggS", bytes].concat();
    for file in [file, bytes.to_vec()] {
        let Ok(sound) = decode::audio(file) else { continue };
        assert!(!sound.pcm.samples.is_empty() && sound.pcm.rate >= 4_000);
    }
});
