//! The rotated export: the logins as text, from which a damaged database is recovered.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    Login, LoginState, LogoutReason,
    engine::Engine,
    folder::{FOLDER_MODE, ensure_private_folder, make_private, overwrite, private_file},
    login,
    record::Table,
    transfer,
};

/// Writes `exports/logins-<number>.jsonl` unless the newest one is equal, and keeps the last five.
/// Logins that their owner logged out are removed from all of them.
pub(super) fn write(engine: &Engine, dir: &Path) -> io::Result<()> {
    let logins = logins(engine)?;
    let mut text = String::new();
    logins.iter().for_each(|login| transfer::append_line(&mut text, login));
    forget(&logins, dir)?;
    let before = exports(dir);
    let newest = before.last().map(|(_, path)| fs::read_to_string(path)).transpose()?;
    if text.is_empty() || newest.as_ref() == Some(&text) {
        return Ok(());
    }
    let folder = folder(dir);
    ensure_private_folder(&folder)?;
    let number = before.last().map_or(1, |(number, _)| number + 1);
    put(&folder, &folder.join(format!("logins-{number:06}.jsonl")), &text)?;
    make_private(&folder, FOLDER_MODE)?;
    for (_, old) in before.iter().rev().skip(KEPT - 1) {
        fs::remove_file(old)?;
    }
    Ok(())
}

fn put(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let unfinished = folder.join("unfinished");
    let mut file = private_file().create(true).truncate(true).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    fs::File::open(folder)?.sync_all()
}

/// Removes the lines of logins that their owner has logged out from all exports, and overwrites
/// their place in the file. An export without any other line is deleted.
fn forget(logins: &[Login], dir: &Path) -> io::Result<()> {
    let by_owner = |login: &&Login| {
        matches!(login.state, LoginState::LoggedOut { why: LogoutReason::ByOwner, .. })
    };
    let gone: Vec<_> = logins.iter().filter(by_owner).collect();
    if gone.is_empty() {
        return Ok(());
    }
    for (_, path) in exports(dir) {
        let before = fs::read_to_string(&path)?;
        let stays = |line: &&str| !gone.iter().any(|login| transfer::is_of(line, login));
        let after: String = before.split_inclusive('\n').filter(stays).collect();
        if after == before {
            continue;
        }
        if !after.is_empty() {
            put(&folder(dir), &path.with_extension("forgetting"), &after)?;
        }
        overwrite(&path)?;
        match after.is_empty() {
            true => fs::remove_file(&path)?,
            false => fs::rename(path.with_extension("forgetting"), &path)?,
        }
    }
    Ok(())
}

/// Returns the newest export of the store in `dir`.
pub(super) fn newest(dir: &Path) -> Option<PathBuf> {
    exports(dir).pop().map(|(_, path)| path)
}

/// Returns the instructions for recovery, which continue a sentence after the damaged store was
/// moved away.
pub(super) fn recovery(dir: &Path) -> String {
    let Some(export) = newest(dir) else {
        return "start the bridge and log in again (the folder holds no export)".into();
    };
    let name = export.file_name().map(|name| name.to_string_lossy().into_owned());
    format!(
        "run `matrix-appservice-wechat import {}.damaged/exports/{}`, and start the bridge",
        dir.display(),
        name.unwrap_or_default()
    )
}

fn logins(engine: &Engine) -> io::Result<Vec<Login>> {
    let failed = |cause: String| io::Error::new(io::ErrorKind::InvalidData, cause);
    let prefix = Table::Login.key(&[]);
    let pairs = engine.scan(&prefix, &prefix, usize::MAX);
    let pairs = pairs.map_err(|fault| failed(format!("{fault:?}")))?;
    pairs.iter().map(|pair| login::login(pair).map_err(failed)).collect()
}

/// Returns the existing exports, oldest first.
fn exports(dir: &Path) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder(dir)) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let number = name.strip_prefix("logins-")?.strip_suffix(".jsonl")?;
            Some((number.parse().ok()?, entry.path()))
        })
        .collect();
    found.sort();
    found
}

fn folder(dir: &Path) -> PathBuf {
    dir.join("exports")
}

const KEPT: usize = 5;
