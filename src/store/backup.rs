//! The rotated export: the logins as text, for the day the database is damaged.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    engine::Engine,
    folder::{FOLDER_MODE, ensure_private_folder, make_private, private_file},
    login,
    record::Table,
    transfer,
};

/// Writes `exports/logins-<number>.jsonl` unless the newest one says the same, and keeps five.
pub(super) fn write(engine: &Engine, dir: &Path) -> io::Result<()> {
    let text = text(engine)?;
    let before = exports(dir);
    let newest = before.last().map(|(_, path)| fs::read_to_string(path)).transpose()?;
    if text.is_empty() || newest.as_ref() == Some(&text) {
        return Ok(());
    }
    let folder = folder(dir);
    ensure_private_folder(&folder)?;
    let number = before.last().map_or(1, |(number, _)| number + 1);
    let unfinished = folder.join("unfinished");
    let mut file = private_file().create(true).truncate(true).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(format!("logins-{number:06}.jsonl")))?;
    fs::File::open(&folder)?.sync_all()?;
    make_private(&folder, FOLDER_MODE)?;
    for (_, old) in before.iter().rev().skip(KEPT - 1) {
        fs::remove_file(old)?;
    }
    Ok(())
}

/// The newest export of the store in `dir`.
pub(super) fn newest(dir: &Path) -> Option<PathBuf> {
    exports(dir).pop().map(|(_, path)| path)
}

/// How an operator gets from a damaged store, moved away, to a running bridge.
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

fn text(engine: &Engine) -> io::Result<String> {
    let failed = |cause: String| io::Error::new(io::ErrorKind::InvalidData, cause);
    let prefix = Table::Login.key(&[]);
    let pairs = engine.scan(&prefix, &prefix, usize::MAX);
    let pairs = pairs.map_err(|fault| failed(format!("{fault:?}")))?;
    let mut text = String::new();
    for pair in &pairs {
        transfer::append_line(&mut text, &login::login(pair).map_err(failed)?);
    }
    Ok(text)
}

/// The exports that are there, oldest first.
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
