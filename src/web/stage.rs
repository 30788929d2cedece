//! How far a login is, for whoever watches it from outside of the room: at the link page, or
//! through the provisioning API.

use std::{fmt, sync::Arc};

use tokio::sync::watch;

/// What is to be seen of a login at one moment.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Stage {
    /// Counts the stages of the login, from 0.
    pub number: u32,
    /// What is to be shown.
    pub view: View,
    /// The stage as a sentence in the owner's language.
    pub words: String,
}

impl fmt::Debug for Stage {
    /// The sentence may hold the address of the link page.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stage({}, {:?})", self.number, self.view)
    }
}

/// What is to be shown of a login.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum View {
    /// A code is being fetched.
    #[default]
    Wait,
    /// The current code, as an image and as the address that it stands for.
    Code(Arc<Code>),
    /// The phone asks for consent.
    Scanned,
    /// The digits on the phone are wanted; whether others were wrong before.
    Digits {
        /// Whether digits were entered before and were wrong.
        wrong: bool,
    },
    /// The contact is linked.
    Done {
        /// The number of the login in the store.
        login: u32,
    },
    /// Nothing will come any more.
    Over(Ending),
}

impl View {
    /// Whether the login has ended.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Over(_))
    }
}

/// Why a login came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Somebody stopped it.
    Cancelled,
    /// It went on for too long.
    TimedOut,
    /// None of its codes was scanned.
    CodesUsedUp,
    /// Who scanned is linked already.
    AlreadyLinked,
    /// WeChat gave no code.
    Unreachable,
    /// WeChat left out what makes a login.
    Incomplete,
    /// The bridge was stopped, and will not go on with it.
    Stopped,
}

/// A code on the page.
#[derive(PartialEq, Eq)]
pub struct Code {
    /// The image, an SVG document.
    pub svg: String,
    /// What it says, which opens WeChat on a phone.
    pub url: String,
}

impl fmt::Debug for Code {
    /// Who has the code can scan it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// A login that somebody may look at.
pub trait Watched: Send + Sync {
    /// What is to be seen, now and later.
    fn stages(&self) -> watch::Receiver<Stage>;
    /// Takes digits; false when none are wanted or these cannot be right.
    fn enter(&self, digits: &str) -> bool;
}

/// Whether a phone could show these digits.
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
