//! The commands `queue` and `retry`.

use super::{Asked, Ran, group};
use crate::{
    bridge::{
        core::{attempt::Halt, name_of},
        from_matrix::{retry, turn::PortalTurn},
        notice::status,
        policy::{Act, Actor, Ruling},
        state::{Changed, Outgoing, QueuedLine},
        text::{Answer, Note},
    },
    matrix::event::Event,
    store::{Outcome, Portal},
};

pub(super) async fn queue(asked: &Asked<'_>, rest: &str) -> Result<(), Halt> {
    if group::queue(asked, rest).await? {
        return Ok(());
    }
    let words: Vec<_> = rest.split_whitespace().collect();
    let (Some(portal), language) = (asked.portal, asked.language) else {
        return asked.reply(&Answer::QueueUsage.text(asked.language)).await;
    };
    let chosen = |act| within_reach(asked, portal, act);
    let chosen: Vec<_> = match words.as_slice() {
        [] => return asked.reply(&list(asked, portal, &chosen(Act::Queue))).await,
        ["merge"] => {
            merge(asked, portal).await?;
            return asked.reply(&Answer::Merges.text(language)).await;
        }
        ["drop"] => chosen(Act::Drop),
        ["drop", number] => {
            let at = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            let waiting = chosen(Act::Drop);
            at.and_then(|at| waiting.get(at)).cloned().into_iter().collect()
        }
        _ => return asked.reply(&Answer::QueueUsage.text(language)).await,
    };
    let count = take_back(asked, portal, &chosen).await;
    asked.reply(&Answer::Dropped { count }.text(language)).await
}

/// Returns the messages that wait for this contact and may be touched by the asker.
pub(super) fn within_reach(asked: &Asked<'_>, portal: &Portal, act: Act) -> Vec<QueuedLine> {
    let may = |one: &Outgoing| asked.judges(act, portal, (&one.sender, &one.room));
    asked.core.outbox.chosen(portal.id, |one| may(one) == Ruling::Allowed)
}

/// Merges the messages of this room that wait for this contact into as few as possible, also after
/// a restart. Returns false when the asker may not decide that.
pub(super) async fn merge(asked: &Asked<'_>, portal: &Portal) -> Result<bool, Halt> {
    let Event { sender, room, .. } = asked.event;
    if asked.judges(Act::Merge, portal, (sender, room)) != Ruling::Allowed {
        return Ok(false);
    }
    let core = asked.core;
    core.outbox.merge(portal.id, room, |change| core.store.submit(change));
    core.barrier().await.map(|()| true)
}

/// Drops these messages, unless sending them was tried; returns how many were dropped.
pub(super) async fn take_back(asked: &Asked<'_>, portal: &Portal, chosen: &[QueuedLine]) -> usize {
    let mut count = 0;
    for one in chosen {
        if let Changed::Done(was) = asked.core.outbox.cancel(portal.id, &one.event) {
            asked.core.finish(&was.entry, &Outcome::Cancelled);
            status::unmark(asked.core, &was).await;
            count += 1;
        }
    }
    count
}

/// Lists the waiting messages, one per line.
pub(super) fn list(asked: &Asked<'_>, portal: &Portal, waiting: &[QueuedLine]) -> String {
    if waiting.is_empty() {
        return Note::QueueEmpty.text(asked.language);
    }
    let name = name_of(portal);
    let mut lines = vec![Note::Queue { name: &name }.text(asked.language)];
    for (number, QueuedLine { line: text, .. }) in (1..).zip(waiting) {
        let first: String = text.chars().take(SHOWN_CHARS).collect();
        let first = first.replace('\n', " ");
        let cut = if first.len() < text.len() { "…" } else { "" };
        lines.push(format!("{number}. {first}{cut}"));
    }
    lines.join("\n")
}

/// Sends a message again when the command is a reply; otherwise resumes what was set aside.
pub(super) async fn retry(asked: &Asked<'_>) -> Result<Ran, Halt> {
    if let Some(ran) = group::retry(asked).await? {
        return Ok(ran);
    }
    let (core, language) = (asked.core, asked.language);
    let Some(portal) = asked.portal else {
        asked.reply(&Answer::QueueUsage.text(language)).await?;
        return Ok(Ran::Done(Outcome::Delivered));
    };
    if let Some(of) = asked.reply_to {
        let turn = PortalTurn { core, entry: asked.entry, event: asked.event, portal };
        return retry::retry(&turn, of).await.map(Ran::from);
    }
    if Actor::of_commander(core, portal, &asked.event.sender) != Actor::Owner {
        asked.reply(&Answer::NotYourContact.text(language)).await?;
        return Ok(Ran::Done(Outcome::Refused("not_yours".into())));
    }
    core.outbox.wake(portal.id);
    let count = core.lanes.take_up(portal.id);
    asked.reply(&Answer::Retried { count }.text(language)).await?;
    Ok(Ran::Done(Outcome::Delivered))
}

const SHOWN_CHARS: usize = 60;
