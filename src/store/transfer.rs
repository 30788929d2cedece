//! Export and import of logins as JSON Lines.
//!
//! A line is `{"owner","bot_id","token","base_url","contact_id","name"}`. A file of them is as
//! secret as the store itself, unless a passphrase encrypts it.

use std::{
    collections::HashMap,
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use ruma::OwnedUserId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Change, Error, Login, LoginState, LogoutReason, Passphrase, Portal, Store,
    folder::{FILE_MODE, make_private, private_file},
    passphrase,
};
use crate::{
    clock::Timestamp,
    id::{BotId, BotToken, PortalId, PortalKey, WechatUserId},
};

/// The result of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// The number of contacts that are new to the store.
    pub added: usize,
    /// The number of contacts that have new credentials.
    pub replaced: usize,
    /// The invalid lines. When there is any, nothing was imported.
    pub errors: Vec<BadLine>,
}

/// A line that is not a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with the line, without its content.
    pub wrong: String,
}

/// Says why WeChat's server cannot be asked with a token at a base address, by the rule that a
/// login through a QR code is held to.
pub type Check<'a> = dyn Fn(&BotToken, Option<&str>) -> Result<(), String> + 'a;

/// Writes a line per login and returns how many; encrypts them when there is a passphrase.
/// Contacts that the owner logged out are left out; those whose session WeChat ended are included,
/// for their names and rooms.
///
/// # Errors
/// When the store cannot be read or `to` cannot be written.
pub fn export_lines(
    store: &Store,
    passphrase: Option<&Passphrase>,
    mut to: impl Write,
) -> Result<usize, Error> {
    let mut text = Zeroizing::new(String::new());
    for login in store.logins()? {
        append_line(&mut text, &login);
    }
    let written = match passphrase {
        None => to.write_all(text.as_bytes()),
        Some(passphrase) => {
            passphrase::seal(text.as_bytes(), passphrase).and_then(|sealed| to.write_all(&sealed))
        }
    };
    let written = written.and_then(|()| to.flush());
    written.map_err(|error| Error::io("write", Path::new("the export"), &error))?;
    Ok(text.lines().count())
}

/// Writes the export to `path`, readable for this user alone; replaces an existing file.
///
/// # Errors
/// When the store cannot be read or the file cannot be written.
pub fn export_file(
    store: &Store,
    passphrase: Option<&Passphrase>,
    path: &Path,
) -> Result<usize, Error> {
    let failed = |error: io::Error| Error::io("write", path, &error);
    let file = private_file().create(true).truncate(true).open(path).map_err(failed)?;
    make_private(path, FILE_MODE).map_err(failed)?;
    let count = export_lines(store, passphrase, &file)?;
    file.sync_all().map_err(failed)?;
    Ok(count)
}

/// Imports the file at `path`, unless other users can read it; decrypts it when there is a
/// passphrase.
///
/// # Errors
/// When the file is exposed or cannot be read, the passphrase does not fit, or the store cannot be
/// read or written.
pub async fn import_file(
    store: &Store,
    passphrase: Option<&Passphrase>,
    path: &Path,
    check: &Check<'_>,
    now: Timestamp,
) -> Result<ImportReport, Error> {
    let failed = |error: io::Error| Error::io("read", path, &error);
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::Exposed { path: path.to_path_buf(), mode });
    }
    let text = passphrase::open(fs::read(path).map_err(failed)?, passphrase)
        .map_err(|wrong| Error::Sealed { path: path.to_path_buf(), wrong })?;
    import_lines(store, &text, check, now).await
}

/// Imports logins: each line makes an active login and a portal, and the bridge makes ghost and
/// room at its next start. A contact that the owner already has gets the new credentials and keeps
/// its room; cursor and context token are removed, since they belong to the former bot.
///
/// A line that `check` refuses is a bad line.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn import_lines(
    store: &Store,
    text: &[u8],
    check: &Check<'_>,
    now: Timestamp,
) -> Result<ImportReport, Error> {
    let (lines, errors) = read_lines(text, check);
    if !errors.is_empty() {
        return Ok(ImportReport { errors, ..ImportReport::default() });
    }
    let mut known = KnownLogins::read(store, now)?;
    for some in lines.chunks(LINES_AT_ONCE) {
        let mut change = Change::new();
        for line in some {
            change = known.take_in(store, change, line);
        }
        store.commit(change).await?;
    }
    Ok(known.report)
}

/// Appends the login's line, unless its owner logged it out.
pub(super) fn append_line(text: &mut String, login: &Login) {
    if let LoginState::LoggedOut { why: LogoutReason::ByOwner, .. } = login.state {
        return;
    }
    let line = ExportLine {
        owner: login.owner.as_str(),
        bot_id: login.bot.as_str(),
        token: login.token.expose(),
        base_url: login.base_url.as_deref(),
        contact_id: login.contact.as_str(),
        name: login.name.as_deref(),
    };
    // Six texts can always be serialised as JSON.
    text.push_str(&serde_json::to_string(&line).unwrap_or_default());
    text.push('\n');
}

/// Returns whether a line of an export belongs to this login, whatever its token is.
pub(super) fn is_of(line: &str, login: &Login) -> bool {
    serde_json::from_str::<Loose>(line).is_ok_and(|loose| {
        loose.owner.as_deref() == Some(login.owner.as_str())
            && loose.contact_id.as_deref() == Some(login.contact.as_str())
    })
}

/// The logins and portals of the store during an import.
struct KnownLogins {
    logins: HashMap<PortalKey, Login>,
    portals: HashMap<PortalKey, PortalId>,
    now: Timestamp,
    report: ImportReport,
}

impl KnownLogins {
    fn read(store: &Store, now: Timestamp) -> Result<Self, Error> {
        let key = |login: &Login| PortalKey {
            owner: login.owner.clone(),
            contact: login.contact.clone(),
        };
        Ok(Self {
            logins: store.logins()?.into_iter().map(|login| (key(&login), login)).collect(),
            portals: store.portals()?.into_iter().map(|portal| (portal.key, portal.id)).collect(),
            now,
            report: ImportReport::default(),
        })
    }

    fn take_in(&mut self, store: &Store, change: Change, line: &Sound) -> Change {
        let key = PortalKey { owner: line.owner.clone(), contact: line.contact.clone() };
        let old = self.logins.get(&key);
        let login = Login {
            id: old.map_or_else(|| store.new_login_id(), |old| old.id),
            owner: line.owner.clone(),
            contact: line.contact.clone(),
            bot: line.bot.clone(),
            token: line.token.clone(),
            base_url: line.base_url.clone(),
            name: line.name.clone().or_else(|| old.and_then(|old| old.name.clone())),
            state: LoginState::Active,
            created: old.map_or(self.now, |old| old.created),
        };
        let mut change = change.put_login(&login);
        match old {
            Some(old) if old.bot != login.bot || old.token != login.token => {
                self.report.replaced += 1;
                change = change.drop_cursor(login.id);
                if let Some(portal) = self.portals.get(&key) {
                    change = change.drop_reply(*portal);
                }
            }
            Some(_) => self.report.replaced += 1,
            None => self.report.added += 1,
        }
        if !self.portals.contains_key(&key) {
            let (id, name) = (store.new_portal_id(), login.name.clone());
            let portal = Portal::new(id, key.clone(), login.id, name);
            change = change.put_portal(&portal);
            self.portals.insert(key.clone(), id);
        }
        self.logins.insert(key, login);
        change
    }
}

fn read_lines(text: &[u8], check: &Check<'_>) -> (Vec<Sound>, Vec<BadLine>) {
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match read_line(line, check) {
            Ok(line) => lines.push(line),
            Err(wrong) => errors.push(BadLine { line: index + 1, wrong }),
        }
    }
    (lines, errors)
}

fn read_line(line: &[u8], check: &Check<'_>) -> Result<Sound, String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8")?;
    let loose: Loose = serde_json::from_str(text)
        .map_err(|error| format!("it is not a login in JSON (column {})", error.column()))?;
    let there = |value: Option<String>, name: &str| {
        value.filter(|value| !value.is_empty()).ok_or_else(|| format!("\"{name}\" is missing"))
    };
    let owner = there(loose.owner, "owner")?;
    let base_url = loose.base_url.filter(|url| !url.is_empty());
    let token = BotToken::new(there(loose.token, "token")?);
    check(&token, base_url.as_deref())?;
    Ok(Sound {
        owner: OwnedUserId::try_from(owner).map_err(|_| "\"owner\" is not a Matrix user id")?,
        bot: BotId::parse(&there(loose.bot_id, "bot_id")?)
            .ok_or("\"bot_id\" is not a WeChat bot id")?,
        token,
        base_url,
        contact: WechatUserId::parse(&there(loose.contact_id, "contact_id")?)
            .ok_or("\"contact_id\" is not a WeChat user id")?,
        name: loose.name.filter(|name| !name.is_empty()),
    })
}

#[derive(Serialize)]
struct ExportLine<'a> {
    owner: &'a str,
    bot_id: &'a str,
    token: &'a str,
    base_url: Option<&'a str>,
    contact_id: &'a str,
    name: Option<&'a str>,
}

#[derive(Deserialize)]
struct Loose {
    owner: Option<String>,
    bot_id: Option<String>,
    token: Option<String>,
    base_url: Option<String>,
    contact_id: Option<String>,
    name: Option<String>,
}

struct Sound {
    owner: OwnedUserId,
    bot: BotId,
    token: BotToken,
    base_url: Option<String>,
    contact: WechatUserId,
    name: Option<String>,
}

const LINES_AT_ONCE: usize = 500;
