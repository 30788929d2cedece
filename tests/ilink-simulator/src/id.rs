//! The forms of identifiers: users, bots, tokens, messages, cursors, CDN parameters.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::Rng as _;

/// Returns the WeChat id of a phone: mixed case, with `_`, as the real ones are. A name has one id
/// in every run.
pub(crate) fn user_id(phone: &str) -> String {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in phone.bytes() {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut letters = String::with_capacity(20);
    for _ in 0..20 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let index = usize::try_from(state >> 58).unwrap_or(0);
        letters.push(char::from(ALPHABET[index]));
    }
    let (left, right) = letters.split_at(10);
    format!("o9cq80{left}Q_w{right}@im.wechat")
}

pub(crate) fn random_hex(bytes: usize) -> String {
    let mut raw = vec![0u8; bytes];
    rand::rng().fill(raw.as_mut_slice());
    hex::encode(raw)
}

/// Returns a bot id and its token, both new with every binding.
pub(crate) fn bot_and_token() -> (String, String) {
    let bot = format!("{}@im.bot", random_hex(6));
    let token = format!("{bot}:{}", random_hex(24));
    (bot, token)
}

/// Returns a 19-digit id that no double holds exactly, which reveals a client that uses one.
pub(crate) fn message_id(counter: u64) -> u64 {
    let low: u64 = rand::rng().random_range(0..1 << 20);
    7_400_000_000_000_000_000 + (counter << 20) + (low | 1)
}

pub(crate) fn context_token() -> String {
    let mut raw = [0u8; 60];
    rand::rng().fill(&mut raw);
    format!("AARzJWAFAAABAAAAAAAp{}", STANDARD.encode(raw))
}

/// Returns a CDN parameter; it always contains `/`, `+` and `=`, so it must be percent-encoded.
pub(crate) fn cdn_param(prefix: &str) -> String {
    let mut raw = [0u8; 24];
    rand::rng().fill(&mut raw);
    format!("{prefix}{}/+=", STANDARD.encode(raw))
}

/// Returns the opaque cursor of one bot at one place of its log.
pub(crate) fn cursor(epoch: u64, position: usize) -> String {
    let mut raw = Vec::with_capacity(19);
    raw.extend(epoch.to_be_bytes());
    raw.extend((position as u64).to_be_bytes());
    raw.extend([0xfb, 0xff, 0xfe]);
    STANDARD.encode(raw)
}

/// Returns the place that a cursor stands for, if it is one of this bot's.
pub(crate) fn cursor_position(epoch: u64, cursor: &str) -> Option<usize> {
    let raw = STANDARD.decode(cursor).ok()?;
    let (own, rest) = raw.split_first_chunk::<8>()?;
    let (position, tail) = rest.split_first_chunk::<8>()?;
    let known = u64::from_be_bytes(*own) == epoch && tail == [0xfb, 0xff, 0xfe];
    known.then(|| usize::try_from(u64::from_be_bytes(*position)).ok())?
}

/// Encodes everything but letters, digits and `-_.~` with percent signs.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_keeps_its_id_and_another_has_another() {
        assert_eq!(user_id("alice"), user_id("alice"));
        assert_ne!(user_id("alice"), user_id("Alice"));
        assert_ne!(user_id("alice").to_lowercase(), user_id("alice"));
    }

    #[test]
    fn message_ids_do_not_survive_a_double() {
        for counter in 1..100 {
            let id = message_id(counter);
            assert_ne!(id as f64 as u64, id);
            assert_eq!(id.to_string().len(), 19);
        }
    }

    #[test]
    fn a_cursor_belongs_to_one_bot() {
        assert_eq!(cursor_position(5, &cursor(5, 77)), Some(77));
        assert_eq!(cursor_position(6, &cursor(5, 77)), None);
        assert_eq!(cursor_position(5, "nonsense"), None);
    }
}
