//! Every sentence that a user can read, in English and Chinese.
//!
//! There is one enum per occasion; each variant is one reason, and has one sentence per language.
//! The golden file `tests/fixtures/sentences.txt` contains them all.

use std::fmt::Display;

mod admin;
mod answer;
mod delivery;
mod doctor;
mod doctor_text;
mod group;
mod item;
mod login;
mod note;
mod quote;
mod room;
mod scope;
mod step;
mod why;
mod worded;

pub(crate) use self::admin::{AdminText, OutcomeCounts};
pub(crate) use self::answer::Answer;
pub(crate) use self::delivery::{Held, SendRefusal};
pub use self::doctor::DoctorVerdict;
pub(crate) use self::doctor::{Found, Server};
pub(crate) use self::group::GroupText;
pub(crate) use self::item::{ItemNotice, Medium, Trouble};
pub(crate) use self::login::LoginText;
pub(crate) use self::note::Note;
pub(crate) use self::quote::Quoted;
pub(crate) use self::room::RoomText;
pub(crate) use self::scope::CommandScope;
pub(crate) use self::step::StepText;
pub(in crate::bridge) use self::why::Cause;
pub(crate) use self::worded::Worded;

/// The language of the sentences for contacts, whose language is not known; most people on WeChat
/// read Chinese.
pub(super) const CONTACTS: crate::config::Language = crate::config::Language::Zh;

/// The time limit for the answer to a question, in minutes.
const OPEN_MINUTES: u64 = crate::bridge::state::OPEN_FOR.as_secs() / 60;

/// The greatest number of logins of one owner at once.
const MOST_LOGINS: usize = crate::bridge::state::MOST_AT_ONCE;

/// Returns a number and an English noun, which stands in the plural unless the number is one.
fn counted<N: Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Joins names as people write them in a language.
pub(crate) fn names<T: AsRef<str>>(names: &[T], language: crate::config::Language) -> String {
    let between = match language {
        crate::config::Language::En => ", ",
        crate::config::Language::Zh => "、",
    };
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(between)
}

/// Picks the sentence of a language and fills in the names in scope.
macro_rules! pick {
    ($language:expr, $en:literal, $zh:literal $(,)?) => {
        match $language {
            $crate::config::Language::En => format!($en),
            $crate::config::Language::Zh => format!($zh),
        }
    };
}
pub(crate) use pick;

#[cfg(test)]
mod tests;
