//! Every sentence that a user can read, in English and Chinese.
//!
//! One enum per occasion; each variant is one reason and each reason one sentence per language.
//! The golden file `tests/fixtures/sentences.txt` holds them all.

mod admin;
mod answer;
mod delivery;
mod doctor;
mod group;
mod item;
mod login;
mod note;
mod quote;
mod room;
mod step;
mod worded;

pub(crate) use crate::bridge::text::admin::AdminText;
pub(crate) use crate::bridge::text::admin::OutcomeCounts;
pub(crate) use crate::bridge::text::answer::Answer;
pub(crate) use crate::bridge::text::delivery::Held;
pub(crate) use crate::bridge::text::delivery::Refusal;
pub(crate) use crate::bridge::text::doctor::Found;
pub(crate) use crate::bridge::text::doctor::Server;
pub use crate::bridge::text::doctor::Verdict;
pub(crate) use crate::bridge::text::group::GroupText;
pub(crate) use crate::bridge::text::item::ItemNotice;
pub(crate) use crate::bridge::text::item::Medium;
pub(crate) use crate::bridge::text::item::Trouble;
pub(crate) use crate::bridge::text::login::LoginText;
pub(crate) use crate::bridge::text::note::Note;
pub(crate) use crate::bridge::text::quote::Quoted;
pub(crate) use crate::bridge::text::room::RoomText;
pub(crate) use crate::bridge::text::step::StepText;
pub(crate) use crate::bridge::text::worded::Worded;

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
pub(crate) use pick;

#[cfg(test)]
mod tests;
