//! SILK as WeChat records it (docs/protocol.md §6).
//!
//! The decoder is C code that trusts its input: below the stream's own rate it writes behind its
//! buffer, at an end mark it stops without a result, and it reads up to four bytes past the end. So
//! it is called only in a worker, and only with packets that this module has checked.

mod decode;
mod encode;

pub use self::decode::decode;
pub(super) use self::encode::encode;
use super::{pcm::VOICE_RATE, refusal::Unreadable};

const HEADER: &[u8] = b"#!SILK_V3";
/// The byte that WeChat puts before the header.
const TENCENT: u8 = 2;
/// The largest packet that the decoder accepts, in bytes.
const LARGEST: usize = 1024;
/// The samples of a frame of 20 ms; a packet holds one to five frames.
const FRAME: usize = VOICE_RATE as usize / 50;

/// Returns whether `bytes` begin as SILK does, with or without WeChat's byte.
pub fn is_silk(bytes: &[u8]) -> bool {
    bytes.strip_prefix(&[TENCENT]).unwrap_or(bytes).starts_with(HEADER)
}

/// Returns the packets of a SILK file, without the end mark and what follows it. A packet without
/// bytes is a pause.
///
/// # Errors
/// When it is not SILK, is cut off within a packet, or holds none.
pub fn packets(bytes: &[u8]) -> Result<Vec<&[u8]>, Unreadable> {
    let bytes = bytes.strip_prefix(&[TENCENT]).unwrap_or(bytes);
    let mut rest = bytes.strip_prefix(HEADER).ok_or(Unreadable::Kind)?;
    let mut packets = Vec::new();
    while let Some((len, behind)) = rest.split_first_chunk() {
        let len = match i16::from_le_bytes(*len) {
            -1 => break,
            len => usize::try_from(len).map_err(|_| Unreadable::Damaged)?,
        };
        if len > LARGEST {
            return Err(Unreadable::Damaged);
        }
        let (packet, behind) = behind.split_at_checked(len).ok_or(Unreadable::Damaged)?;
        packets.push(packet);
        rest = behind;
    }
    if packets.is_empty() { Err(Unreadable::Empty) } else { Ok(packets) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(parts: &[&[u8]]) -> Vec<u8> {
        [b"\x02#!SILK_V3", parts.concat().as_slice()].concat()
    }

    #[test]
    fn packets_are_found_up_to_the_end_mark() {
        let whole = file(&[b"\x01\0a", b"\x02\0bc"]);
        assert_eq!(packets(&whole), Ok(vec![&b"a"[..], b"bc"]));
        assert_eq!(packets(&whole[1..]), Ok(vec![&b"a"[..], b"bc"]), "without WeChat's byte");
        let marked = file(&[b"\x01\0a", b"\xff\xff", b"\x09\0more"]);
        assert_eq!(packets(&marked), Ok(vec![&b"a"[..]]));
        assert_eq!(packets(&file(&[b"\x01\0a", b"\x07"])), Ok(vec![&b"a"[..]]));
    }

    #[test]
    fn what_is_broken_is_refused() {
        let damaged: &[&[u8]] = &[b"\x03\0ab", b"\xfe\xff", b"\x01\x04"];
        for part in damaged {
            assert_eq!(packets(&file(&[part])), Err(Unreadable::Damaged), "{part:?}");
        }
        assert_eq!(
            packets(&file(&[&1025_u16.to_le_bytes(), &[0; 1025]])),
            Err(Unreadable::Damaged)
        );
        assert_eq!(packets(&file(&[])), Err(Unreadable::Empty));
        assert_eq!(packets(&file(&[b"\xff\xff"])), Err(Unreadable::Empty));
        for other in [&b""[..], b"\x02", b"#!SILK_V2", b"\x02\x02#!SILK_V3\x01\0a"] {
            assert_eq!(packets(other), Err(Unreadable::Kind));
            assert!(!is_silk(other));
        }
    }
}
