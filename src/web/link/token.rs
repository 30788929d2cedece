//! The address of a login's page.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::secret::secret_kind;

secret_kind! {
    /// The part of the address that cannot be guessed.
    LinkToken
}

impl LinkToken {
    /// Returns the token of the login that `command` began: 128 bits that cannot be computed
    /// without `key`. It is equal after a restart, so the login continues under its address.
    pub fn of_command(key: &str, command: &str) -> Self {
        // HMAC takes a key of any length.
        let keyed = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok();
        let digest = keyed.map(|mac| {
            mac.chain_update(b"link page\0").chain_update(command.as_bytes()).finalize()
        });
        let bytes = digest.map(|digest| digest.into_bytes()).unwrap_or_default();
        Self::new(BASE64_URL_SAFE_NO_PAD.encode(&bytes[..BYTES]))
    }

    /// Returns whether `token` is this one, in constant time.
    pub fn is(&self, token: &str) -> bool {
        self.expose().as_bytes().ct_eq(token.as_bytes()).into()
    }

    /// Returns the whole address of the page.
    pub fn address(&self, public_url: &str) -> String {
        format!("{public_url}/link/{}", self.expose())
    }
}

const BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_depends_on_the_key_and_the_command_and_does_not_print() {
        let (one, other) = ("one", "other");
        let token = LinkToken::of_command(one, "$a");
        assert_eq!(token.expose().len(), 22);
        assert!(token.is(LinkToken::of_command(one, "$a").expose()));
        assert!(!token.is(LinkToken::of_command(one, "$b").expose()));
        assert!(!token.is(LinkToken::of_command(other, "$a").expose()));
        assert!(!token.is(""));
        assert!(!format!("{token:?}").contains(token.expose()));
        assert_eq!(
            token.address("https://x.org"),
            format!("https://x.org/link/{}", token.expose())
        );
    }
}
