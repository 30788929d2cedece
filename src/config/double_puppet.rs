//! `[double_puppet]`: whether the bridge may join rooms in the name of its users.

use super::{
    appservice::Appservice,
    purpose::Purpose,
    section::{ConfigSection, Told},
    token::{optional_token, token},
};
use crate::matrix::AsToken;

/// The section `[double_puppet]`.
#[derive(Debug, Clone, Default)]
pub struct DoublePuppet {
    /// The `as_token` of the second registration, if there is one.
    pub as_token: Option<AsToken>,
}

pub(super) fn double_puppet(
    section: &mut ConfigSection<'_>,
    appservice: Option<&Appservice>,
    purpose: Purpose,
) -> Result<DoublePuppet, Told> {
    let as_token = match purpose {
        Purpose::Run | Purpose::Registration => optional_token(section, KEY, KEY_FILE, purpose)?,
        Purpose::PuppetRegistration => Some(token(section, KEY, KEY_FILE, purpose)?),
    };
    let as_token = as_token.map(|token| AsToken::new(token.as_str()));
    if as_token.is_some() && as_token.as_ref() == appservice.map(|own| &own.as_token) {
        let what =
            "is the same as appservice.as_token; the second registration has a token of its own";
        return Err(section.wrong(KEY, what));
    }
    Ok(DoublePuppet { as_token })
}

const KEY: &str = "as_token";
const KEY_FILE: &str = "as_token_file";
