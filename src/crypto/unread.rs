//! Why an encrypted event cannot be read.

use matrix_sdk_crypto::MegolmError;

use super::CryptoError;

/// Why an encrypted event cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// The key of this session has not come. It may still come.
    NoKey {
        /// The session.
        session: String,
    },
    /// The sender's client does not share its key, and says why.
    Withheld(WithheldReason),
    /// The key came for later messages alone.
    TooEarly,
    /// Nothing vouches for the device that sent it.
    Untrusted,
    /// It holds something that is no message: state, say, or a membership.
    NoMessage,
    /// It is damaged, or not what it says it is.
    Damaged,
}

/// Why a client keeps a key back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithheldReason {
    /// It shares keys with verified devices alone, or its user has excluded the bot's.
    NotAllowed,
    /// It found no way to encrypt for the bot's device.
    NoSession,
    /// The bot was not meant to read that far back, or it names no reason that is known.
    Other,
}

impl Unread {
    /// Reads the crate's refusal; `Err` when it is one of the store.
    pub(super) fn read(error: MegolmError, session: Option<String>) -> Result<Self, CryptoError> {
        Ok(match error {
            MegolmError::Store(error) => return Err(CryptoError::store(error)),
            MegolmError::MissingRoomKey(None) => match session {
                Some(session) => Self::NoKey { session },
                None => Self::Damaged,
            },
            MegolmError::MissingRoomKey(Some(code)) => Self::Withheld(reason(code.as_str())),
            MegolmError::Decryption(
                matrix_sdk_crypto::vodozemac::megolm::DecryptionError::UnknownMessageIndex(..),
            ) => Self::TooEarly,
            MegolmError::SenderIdentityNotTrusted(_) => Self::Untrusted,
            MegolmError::EventError(_)
            | MegolmError::JsonError(_)
            | MegolmError::MismatchedIdentityKeys(_)
            | MegolmError::Decode(_)
            | MegolmError::Decryption(_) => Self::Damaged,
        })
    }
}

fn reason(code: &str) -> WithheldReason {
    match code {
        "m.blacklisted" | "m.unverified" => WithheldReason::NotAllowed,
        "m.no_olm" => WithheldReason::NoSession,
        _ => WithheldReason::Other,
    }
}
