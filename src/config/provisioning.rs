//! `[provisioning]`: whether programs may link contacts, and how they authorise themselves.

use super::{
    purpose::Purpose,
    section::{ConfigSection, Told},
    token::optional_token,
};
use crate::secret::Secret;

/// The section `[provisioning]`.
#[derive(Debug, Clone, Default)]
pub struct Provisioning {
    /// The secret with which a program may act for any user.
    pub shared_secret: Option<Secret>,
    /// Whether users may authorise themselves with their own Matrix access tokens.
    pub matrix_auth: bool,
}

impl Provisioning {
    /// Returns whether the API is enabled at all.
    pub fn is_on(&self) -> bool {
        self.shared_secret.is_some() || self.matrix_auth
    }
}

pub(super) fn provisioning(
    section: &mut ConfigSection<'_>,
    purpose: Purpose,
) -> Result<Provisioning, Told> {
    let secret = optional_token(section, KEY, "shared_secret_file", purpose);
    let matrix_auth = section.flag("matrix_auth", false);
    let secret = secret?;
    if secret.as_ref().is_some_and(|secret| secret.len() < LEAST_CHARS) {
        let what = format!("is easily guessed; write at least {LEAST_CHARS} random characters");
        return Err(section.wrong(KEY, what));
    }
    let shared_secret = secret.map(|secret| Secret::new(secret.as_str()));
    Ok(Provisioning { shared_secret, matrix_auth: matrix_auth? })
}

const KEY: &str = "shared_secret";
const LEAST_CHARS: usize = 16;
