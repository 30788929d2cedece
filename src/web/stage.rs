//! The stages of a login for those who follow it outside the room: on the link page or through the
//! provisioning API.

use std::{fmt, sync::Arc};

use tokio::sync::watch;

/// The state of a login at one moment.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Stage {
    /// The number of the stage, from 0.
    pub number: u32,
    /// The view that is shown.
    pub view: View,
    /// A sentence about the stage, in the owner's language.
    pub words: String,
}

impl fmt::Debug for Stage {
    /// Leaves the sentence out, which may contain the address of the link page.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stage({}, {:?})", self.number, self.view)
    }
}

/// The view of a login.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum View {
    /// A code is being fetched.
    #[default]
    Wait,
    /// The current code, as an image and as an address.
    Code(Arc<Code>),
    /// The phone asks for confirmation.
    Scanned,
    /// The digits on the phone have to be entered.
    Digits {
        /// Whether digits were entered before and were wrong.
        wrong: bool,
    },
    /// The contact is linked.
    Done {
        /// The number of the login in the store.
        login: u32,
    },
    /// The login failed or was cancelled.
    Over(Ending),
}

impl View {
    /// Returns whether the login has ended.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Over(_))
    }
}

/// The reason why a login ended without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The login was cancelled.
    Cancelled,
    /// The login took too long.
    TimedOut,
    /// None of the login's codes was scanned and confirmed.
    CodesUsedUp,
    /// The person who scanned is already linked.
    AlreadyLinked,
    /// The person who scanned is bound to a bot that is not one of this owner's.
    BoundElsewhere,
    /// WeChat could not be reached.
    Unreachable,
    /// WeChat's answer does not contain what a login needs.
    NoCode,
    /// WeChat moved the login to a server that is not allowed.
    BadServer,
    /// WeChat left out the bot or its token.
    Incomplete,
    /// The credentials that WeChat issued do not work.
    Unusable,
    /// The bridge was stopped, and will not continue it.
    Stopped,
}

/// A QR code on the page.
#[derive(PartialEq, Eq)]
pub struct Code {
    /// The image, an SVG document.
    pub svg: String,
    /// The address in the code, which opens WeChat on a phone.
    pub url: String,
}

impl fmt::Debug for Code {
    /// Prints no field: anyone who has the code can scan it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// A login that can be followed from outside the room.
pub trait Watched: Send + Sync {
    /// Returns the current stage and all later ones.
    fn stages(&self) -> watch::Receiver<Stage>;
    /// Enters digits; returns false when none are asked for or these are implausible.
    fn enter(&self, digits: &str) -> bool;
}

/// Returns whether a phone could show these digits: one to twelve digits.
pub fn is_plausible(digits: &str) -> bool {
    (1..=MOST_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

const MOST_DIGITS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_few_and_nothing_else() {
        for good in ["1", "4711", "123456789012"] {
            assert!(is_plausible(good), "{good}");
        }
        for bad in ["", "1234567890123", "12a4", "１２３４", " 1", "-1"] {
            assert!(!is_plausible(bad), "{bad}");
        }
    }

    #[test]
    fn what_can_be_scanned_or_opened_does_not_print() {
        let code = Code { svg: "secret".into(), url: "https://secret".into() };
        let view = View::Code(Arc::new(code));
        let stage = Stage { number: 3, view, words: "https://secret/link/secret".into() };
        assert_eq!(format!("{stage:?}"), "Stage(3, Code(Code(…)))");
    }
}
