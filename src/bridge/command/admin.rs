//! The commands of administrators: `list-all`, `stats`, `doctor`, and commands in the name of
//! others.

use std::{collections::BTreeMap, fs, io, path::Path};

use ruma::{OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, UserId};

use super::{Asked, Line, Ran, describe, line, run};
use crate::{
    bridge::{
        core::{Core, Death, attempt::Halt},
        doctor,
        text::{AdminText, OutcomeCounts},
    },
    matrix::event::Event,
    store::{Direction, LoginState, Outcome},
};

/// Lists every owner with their contacts.
pub(super) async fn list_all(asked: &Asked<'_>) -> Result<(), Halt> {
    let mut owners: BTreeMap<OwnedUserId, Vec<_>> = BTreeMap::new();
    for login in asked.core.registry.all_logins() {
        owners.entry(login.owner.clone()).or_default().push(login);
    }
    if owners.is_empty() {
        return asked.reply(&AdminText::NobodyLinked.text(asked.language)).await;
    }
    let mut lines = Vec::new();
    for (owner, mut logins) in owners {
        logins.sort_by_key(|login| login.id);
        lines.push(AdminText::Owner { user: &owner, count: logins.len() }.text(asked.language));
        lines.extend(logins.iter().map(|login| describe::login_line(asked, login)));
    }
    asked.reply(&lines.join("\n")).await
}

/// Reports what the bridge has done and its state, without names.
pub(super) async fn stats(asked: &Asked<'_>) -> Result<(), Halt> {
    let (core, language) = (asked.core, asked.language);
    let logins = core.registry.all_logins();
    let active = logins.iter().filter(|login| login.state == LoginState::Active).count();
    let queues = core.outbox.portals();
    let queued = queues.iter().map(|portal| core.outbox.queued(*portal)).sum();
    let path = core.config.store.path.clone();
    let bytes = tokio::task::spawn_blocking(move || folder_bytes(&path)).await;
    let (to_matrix, to_wechat) = outcomes(core)?;
    let counts = core.store.count();
    let lines = [
        AdminText::Running {
            version: env!("CARGO_PKG_VERSION"),
            minutes: core.clock.now().since(core.started).as_secs() / 60,
        },
        AdminText::Logins {
            all: logins.len(),
            active,
            stale: core.sessions.freshness(core.clock.now()).stale,
        },
        AdminText::Outcomes { way: Direction::ToMatrix, counts: to_matrix },
        AdminText::Outcomes { way: Direction::ToWechat, counts: to_wechat },
        AdminText::Queues { queued, contacts: queues.len(), unfinished: counts.inbox },
        AdminText::Stored {
            kib: bytes.ok().and_then(Result::ok).unwrap_or_default() / 1024,
            messages: counts.links,
        },
    ];
    let lines: Vec<_> = lines.iter().map(|line| line.text(language)).collect();
    asked.reply(&lines.join("\n")).await
}

/// Reports the findings of `doctor` about the running bridge.
pub(super) async fn doctor(asked: &Asked<'_>) -> Result<(), Halt> {
    let findings = doctor::examine_running(asked.core, asked.language).await;
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    asked.reply(&lines.join("\n")).await
}

/// Returns the counters of the outcomes, by direction.
fn outcomes(core: &Core) -> Result<(OutcomeCounts, OutcomeCounts), Halt> {
    let (mut to_matrix, mut to_wechat) = (OutcomeCounts::default(), OutcomeCounts::default());
    let all = core.store.outcome_counts().map_err(|error| {
        core.die(Death::Store(error));
        Halt::Stopping
    })?;
    for count in all {
        let way = match count.direction {
            Direction::ToMatrix => &mut to_matrix,
            Direction::ToWechat => &mut to_wechat,
        };
        let number = match count.outcome {
            Outcome::Delivered => &mut way.delivered,
            Outcome::Unconfirmed => &mut way.unconfirmed,
            Outcome::Refused(_) => &mut way.refused,
            Outcome::Ignored(_) => &mut way.ignored,
            Outcome::Cancelled => &mut way.cancelled,
        };
        *number += count.count;
    }
    Ok((to_matrix, to_wechat))
}

fn folder_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += if about.is_dir() { folder_bytes(&entry.path())? } else { about.len() };
    }
    Ok(bytes)
}

/// Runs `sudo <user> <command>` as if this user had written it here; the answer comes here.
pub(super) async fn sudo(asked: &Asked<'_>, rest: &str) -> Result<Ran, Halt> {
    let named = whom_and_what(asked, rest);
    let Some((user, line)) = named.and_then(|(who, line)| Some((UserId::parse(who).ok()?, line)))
    else {
        asked.reply(&AdminText::SudoUsage.text(asked.language)).await?;
        return Ok(Ran::Done(Outcome::Delivered));
    };
    let (by, command) = (&asked.said.sender, &line.name);
    tracing::info!(%by, %user, %command, "a command in the name of another");
    let before = format!("{}sudo {user} ", asked.before);
    let event = Event { sender: user, ..asked.event.clone() };
    let asked = Asked { event: &event, before, ..*asked };
    Box::pin(run(&asked, &line)).await
}

/// Runs `doin <room> <command>` as if it had been written in that room; the answer comes here.
pub(super) async fn doin(asked: &Asked<'_>, rest: &str) -> Result<Ran, Halt> {
    let named = whom_and_what(asked, rest);
    let Some((room, line)) = named else {
        asked.reply(&AdminText::DoinUsage.text(asked.language)).await?;
        return Ok(Ran::Done(Outcome::Delivered));
    };
    let Some(id) = find_room(asked, room).await? else {
        asked.reply(&AdminText::NoSuchRoom { room }.text(asked.language)).await?;
        return Ok(Ran::Done(Outcome::Refused("no_such_room".into())));
    };
    let (by, command) = (&asked.said.sender, &line.name);
    tracing::info!(%by, room = %id, %command, "a command in another room");
    let portal = asked.core.registry.portal_in(&id);
    let before = format!("{}doin {id} ", asked.before);
    let event = Event { room: id, ..asked.event.clone() };
    let portal = portal.as_deref();
    let asked = Asked { event: &event, portal, reply_to: None, before, ..*asked };
    Box::pin(run(&asked, &line)).await
}

/// Splits the arguments into the first word and the command behind it, with or without the prefix.
fn whom_and_what<'a>(asked: &Asked<'_>, rest: &'a str) -> Option<(&'a str, Line<'a>)> {
    let (who, command) = rest.split_once(char::is_whitespace)?;
    Some((who, line::command_in(command, asked.core.prefix(), true)?))
}

/// Returns the room with this id or alias.
async fn find_room(asked: &Asked<'_>, named: &str) -> Result<Option<OwnedRoomId>, Halt> {
    if let Ok(alias) = RoomAliasId::parse(named) {
        let bot = asked.core.bot();
        return match asked.core.insist(|| bot.resolve_alias(&alias)).await {
            Err(Halt::Refused(_)) => Ok(None),
            found => found,
        };
    }
    Ok(RoomId::parse(named).ok())
}
