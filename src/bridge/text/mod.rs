//! Every sentence that a user can read, in English and Chinese.
//!
//! One enum per occasion; each variant is one reason and each reason one sentence per language.
//! The golden file `tests/fixtures/sentences.txt` holds them all.

mod admin;
mod answer;
mod delivery;
mod doctor;
mod group;
pub(crate) mod help;
mod item;
mod login;
mod note;
mod quote;
mod room;
mod step;
mod worded;

pub(crate) use admin::{AdminText, OutcomeCounts};
pub(crate) use answer::Answer;
pub(crate) use delivery::{Held, Refusal};
pub use doctor::Verdict;
pub(crate) use doctor::{Found, Server};
pub(crate) use group::GroupText;
pub(crate) use item::{ItemNotice, Medium, Trouble};
pub(crate) use login::LoginText;
pub(crate) use note::Note;
pub(crate) use quote::Quoted;
pub(crate) use room::RoomText;
pub(crate) use step::StepText;
pub(crate) use worded::Worded;

/// The language of what contacts read. Nobody knows what they speak; most people on WeChat read
/// Chinese.
pub(crate) const CONTACTS: crate::config::Language = crate::config::Language::Zh;

/// How many minutes a question waits for its answer.
const OPEN_MINUTES: u64 = crate::bridge::state::OPEN_FOR.as_secs() / 60;

/// Picks a language and fills in the names in scope.
macro_rules! pick {
    ($language:expr, $en:literal, $zh:literal $(,)?) => {
        match $language {
            $crate::config::Language::En => format!($en),
            $crate::config::Language::Zh => format!($zh),
        }
    };
}
use pick;

#[cfg(test)]
mod tests;
