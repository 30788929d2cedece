//! The Matrix localpart of a WeChat user, which can be decoded.
//!
//! Matrix localparts are lower case; WeChat ids are not. An upper-case letter becomes `_` and its
//! lower-case form, an underscore `__`, any other byte that a localpart may not hold `=` and two
//! hex digits. The usual ending `@im.wechat` is left out; an id without it ends in a bare `=`.

use ruma::{OwnedServerName, OwnedUserId, UserId};

use super::WechatUserId;

/// The naming of ghosts in one namespace of one homeserver.
#[derive(Debug, Clone)]
pub struct GhostNames {
    prefix: String,
    server: OwnedServerName,
}

impl GhostNames {
    /// Names ghosts of `server` whose localparts begin with `prefix`.
    pub fn new(prefix: impl Into<String>, server: OwnedServerName) -> Self {
        Self { prefix: prefix.into(), server }
    }

    /// Returns the ghost of `contact`; `None` when its id would be longer than Matrix allows.
    pub fn ghost(&self, contact: &WechatUserId) -> Option<OwnedUserId> {
        let id = format!("@{}{}:{}", self.prefix, encode(contact.as_str()), self.server);
        (id.len() <= MAX_USER_ID_BYTES).then(|| UserId::parse(id).ok()).flatten()
    }

    /// Returns the contact of a ghost; `None` for a user who is not one of this bridge's ghosts.
    pub fn contact(&self, user: &UserId) -> Option<WechatUserId> {
        if user.server_name() != self.server {
            return None;
        }
        let contact = decode(user.localpart().strip_prefix(&self.prefix)?)?;
        WechatUserId::parse(&contact)
    }
}

fn encode(id: &str) -> String {
    let (stem, end) = id.strip_suffix(USUAL_ENDING).map_or((id, "="), |stem| (stem, ""));
    let mut out = String::with_capacity(stem.len() + 8);
    for byte in stem.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' => out.push(byte.into()),
            b'A'..=b'Z' => out.extend(['_', byte.to_ascii_lowercase().into()]),
            b'_' => out.push_str("__"),
            _ => out.push_str(&format!("={byte:02x}")),
        }
    }
    out + end
}

fn decode(localpart: &str) -> Option<String> {
    let bytes = localpart.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len() + 10), 0);
    let mut usual = true;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'_' => {
                out.push(bytes.get(at)?.to_ascii_uppercase());
                at += 1;
            }
            b'=' if at == bytes.len() => usual = false,
            b'=' => {
                out.push(u8::from_str_radix(localpart.get(at..at + 2)?, 16).ok()?);
                at += 2;
            }
            _ => out.push(byte),
        }
    }
    let mut id = String::from_utf8(out).ok()?;
    if usual {
        id.push_str(USUAL_ENDING);
    }
    // Only the form that `encode` writes is valid, so that a contact has one ghost.
    (encode(&id) == localpart).then_some(id)
}

const USUAL_ENDING: &str = "@im.wechat";
const MAX_USER_ID_BYTES: usize = 255;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ruma::{server_name, user_id};

    use super::*;

    fn names() -> GhostNames {
        GhostNames::new("wechat_", server_name!("example.org").to_owned())
    }

    #[test]
    fn upper_case_survives_the_way_through_matrix() {
        let contact = WechatUserId::parse("o9cq80Ab_-@im.wechat").unwrap();
        let ghost = names().ghost(&contact).unwrap();
        assert_eq!(ghost, "@wechat_o9cq80_ab__-:example.org");
        assert_eq!(names().contact(&ghost), Some(contact));
    }

    #[test]
    fn strangers_are_nobodys_ghost() {
        for user in [
            user_id!("@alice:example.org"),
            user_id!("@wechat_abc:elsewhere.org"),
            user_id!("@wechat_a=zz:example.org"),
            user_id!("@wechat_a=62:example.org"),
        ] {
            assert_eq!(names().contact(user), None, "{user}");
        }
    }

    proptest! {
        #[test]
        fn a_ghost_name_leads_back_to_its_contact(id in "[!-~\u{e0}-\u{ff}\u{4e00}-\u{4e20}]{1,60}(@im\\.wechat)?") {
            let contact = WechatUserId::parse(&id).unwrap();
            if let Some(ghost) = names().ghost(&contact) {
                prop_assert_eq!(names().contact(&ghost), Some(contact));
            }
        }
    }
}
