//! Exports that a passphrase encrypts, in the age format, so that the program `age` opens them too.

use age::{DecryptError, scrypt, secrecy::SecretString};
use zeroize::Zeroizing;

use crate::secret::secret_kind;

secret_kind! {
    /// Encrypts an export, and opens it again.
    Passphrase
}

/// Encrypts `text`.
pub(super) fn seal(text: &[u8], passphrase: &Passphrase) -> std::io::Result<Vec<u8>> {
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.expose()));
    recipient.set_work_factor(WORK_FACTOR);
    age::encrypt(&recipient, text).map_err(std::io::Error::other)
}

/// Returns the text of an export, which is decrypted when there is a passphrase.
///
/// # Errors
/// What is wrong and what to do, when the passphrase is wrong or missing, or the bytes are not what
/// was expected.
pub(super) fn open(
    bytes: Vec<u8>,
    passphrase: Option<&Passphrase>,
) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    match (passphrase, is_sealed(&bytes)) {
        (None, false) => Ok(Zeroizing::new(bytes)),
        (None, true) => Err("it is encrypted; import it with --passphrase"),
        (Some(_), false) if is_armored(&bytes) => {
            Err("it is encrypted as text; turn it into a binary age file first")
        }
        (Some(_), false) => Err("it is not encrypted; import it without --passphrase"),
        (Some(passphrase), true) => {
            let mut identity = scrypt::Identity::new(SecretString::from(passphrase.expose()));
            identity.set_max_work_factor(MAX_WORK_FACTOR);
            age::decrypt(&identity, &bytes).map(Zeroizing::new).map_err(|why| reason(&why))
        }
    }
}

fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"age-encryption.org/")
}

fn is_armored(bytes: &[u8]) -> bool {
    bytes.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
}

fn reason(why: &DecryptError) -> &'static str {
    match why {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            "this passphrase does not open it"
        }
        DecryptError::NoMatchingKeys => {
            "it is encrypted to a key and not with a passphrase; decrypt it with age first"
        }
        DecryptError::ExcessiveWork { .. } => {
            "opening it needs more than 1 GiB of memory; decrypt it with age first"
        }
        DecryptError::UnknownFormat => "its version of the age format is not known",
        DecryptError::InvalidHeader | DecryptError::InvalidMac | DecryptError::Io(_) => {
            "it is damaged"
        }
    }
}

/// What age itself takes: 256 MiB of memory and about a second.
const WORK_FACTOR: u8 = 18;
/// 1 GiB of memory.
const MAX_WORK_FACTOR: u8 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(bytes: &[u8], passphrase: Option<&str>) -> &'static str {
        open(bytes.to_vec(), passphrase.map(Passphrase::new).as_ref()).unwrap_err()
    }

    #[test]
    fn only_its_own_passphrase_opens_it() {
        let right = Passphrase::new("right");
        let sealed = seal(b"secret", &right).unwrap();
        assert!(sealed.starts_with(b"age-encryption.org/v1\n-> scrypt "));
        assert!(!sealed.windows(6).any(|some| some == b"secret"));
        let opened = open(sealed.clone(), Some(&right)).unwrap();
        assert_eq!(opened.as_slice(), b"secret");
        assert_eq!(wrong(&sealed, Some("wrong")), "this passphrase does not open it");
        assert_eq!(wrong(&sealed, None), "it is encrypted; import it with --passphrase");
        let mut damaged = sealed.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(wrong(&damaged, Some("right")), "it is damaged");
        assert_eq!(wrong(&sealed[..40], Some("right")), "it is damaged");
    }

    #[test]
    fn what_is_no_sealed_export_has_its_sentence() {
        assert_eq!(
            wrong(b"{}", Some("right")),
            "it is not encrypted; import it without --passphrase"
        );
        let armored = b"-----BEGIN AGE ENCRYPTED FILE-----\n";
        assert!(wrong(armored, Some("right")).contains("as text"));
        let hard = b"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 22\n\
            AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\
            --- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n0123456789abcdef";
        assert!(wrong(hard, Some("right")).contains("1 GiB"));
    }
}
