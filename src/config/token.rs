//! Tokens, from the configuration itself or from a file of their own.

use std::{os::unix::fs::PermissionsExt, path::Path};

use rand::RngCore;
use zeroize::Zeroizing;

use super::{
    purpose::Purpose,
    section::{ConfigSection, Told},
};

/// Reads the token of `key`, or the one in the file that `file_key` names.
pub(super) fn token(
    section: &mut ConfigSection<'_>,
    key: &'static str,
    file_key: &'static str,
    purpose: Purpose,
) -> Result<Zeroizing<String>, Told> {
    match optional_token(section, key, file_key, purpose)? {
        Some(token) => Ok(token),
        None => {
            let fresh = fresh();
            let what =
                format!("is missing; write {key} = \"{fresh}\" (made just now), or {file_key}");
            Err(section.wrong(key, what))
        }
    }
}

/// Reads an optional token.
pub(super) fn optional_token(
    section: &mut ConfigSection<'_>,
    key: &'static str,
    file_key: &'static str,
    purpose: Purpose,
) -> Result<Option<Zeroizing<String>>, Told> {
    section.prefer_environment(key, file_key);
    if section.has(key) && section.has(file_key) {
        return Err(section.wrong(file_key, format!("stands beside {key}; keep one of the two")));
    }
    let direct = section.optional(key, |text| Ok(Zeroizing::new(text.to_owned())));
    let folder = section.config_path().parent().unwrap_or(Path::new("")).to_owned();
    let from_file = section.optional(file_key, |path| read_secret(&folder.join(path)));
    match (direct?, from_file?) {
        (None, None) => Ok(None),
        (None, Some(token)) => sound(section, file_key, token, purpose).map(Some),
        (Some(token), _) => {
            if purpose == Purpose::Run && section.in_file(key) && !is_example(&token) {
                refuse_open_config(section, key)?;
            }
            sound(section, key, token, purpose).map(Some)
        }
    }
}

/// Returns whether this is a token of `config.example.toml`, which is public.
pub(super) fn is_example(token: &str) -> bool {
    token.starts_with(EXAMPLE)
}

fn sound(
    section: &mut ConfigSection<'_>,
    key: &'static str,
    token: Zeroizing<String>,
    purpose: Purpose,
) -> Result<Zeroizing<String>, Told> {
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        let what =
            format!("must be one word of letters and digits; here is a fresh one: {}", fresh());
        return Err(section.wrong(key, what));
    }
    if purpose == Purpose::Run && is_example(&token) {
        let what = format!("is still the example's; here is a fresh one: {}", fresh());
        return Err(section.wrong(key, what));
    }
    Ok(token)
}

fn read_secret(path: &Path) -> Result<Zeroizing<String>, String> {
    let shown = path.display();
    if others_can_read(path) {
        return Err(format!("names {shown}, which others can read; run chmod o= {shown}"));
    }
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|why| format!("names {shown}, which cannot be read: {why}"))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

fn refuse_open_config(section: &mut ConfigSection<'_>, key: &str) -> Result<(), Told> {
    let path = section.config_path().to_owned();
    if !others_can_read(&path) {
        return Ok(());
    }
    let shown = path.display();
    let what = format!("stands in a file that others can read; run chmod o= {shown}");
    Err(section.wrong(key, what))
}

fn others_can_read(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & OTHERS != 0)
}

fn fresh() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const EXAMPLE: &str = "replace-me";
const OTHERS: u32 = 0o007;
