//! The state of a message in its room: the contact's read receipt, a mark, a notice, and a status
//! event for clients that support it.

use std::sync::Arc;

use ruma::{EventId, RoomId};
use serde_json::{Map, json};

use crate::{
    bridge::{
        core::{Core, attempt::Halt, name_of, txn::Txn},
        notice,
        state::{
            Mark, Outgoing, Shown, Stand,
            reply_window::{self, Hold},
        },
        text::{Held, Note, SendRefusal},
    },
    clock::Timestamp,
    id::PortalId,
    matrix::{
        Intent,
        content::{self, Content},
    },
    store::{Change, Entry, LoginState, Portal, Reply, Source, Work},
};

/// The reason why messages wait, and its beginning; each period has one notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    code: &'static str,
    since: Option<Timestamp>,
}

impl Period {
    /// Returns the period, which is equal after a restart, and a new one when the contact has
    /// written since.
    pub(crate) fn of(core: &Core, portal: &Portal, why: Hold) -> Self {
        let since = match why {
            Hold::LoggedOut => logged_out_at(core, portal),
            // A penalty does not end when the contact writes.
            Hold::Throttled(_) => None,
            Hold::NeverHeard | Hold::WindowClosed | Hold::QuotaSpent | Hold::Unreachable => {
                core.reply(portal.id).map(|reply| reply.heard)
            }
        };
        Self { code: why.code(), since }
    }
}

/// Sends the notice that tells why messages wait.
pub(crate) async fn held(
    core: &Core,
    portal: &Portal,
    first: &Outgoing,
    why: Hold,
    period: Period,
) {
    let contact = name_of(portal);
    let held = Held { why, contact: &contact, prefix: core.prefix() };
    let text = held.text(core.language_of(&portal.key.owner));
    // In a room with several contacts each of them has a notice of its own.
    let whose = match first.entry.source() {
        Some(Source::Copy { portal, .. }) => Some(*portal),
        Some(Source::Event(_) | Source::Message { .. }) | None => None,
    };
    let since = period.since.unwrap_or(Timestamp(0));
    let txn = Txn::Held { portal: whose, event: &first.event, code: period.code, since };
    // After a stop, the next start finds the queue held and sends the notice.
    let _ = notice::say(core, &first.room, &text, txn).await;
}

fn logged_out_at(core: &Core, portal: &Portal) -> Option<Timestamp> {
    match core.registry.login(portal.login)?.state {
        LoginState::LoggedOut { at, .. } => Some(at),
        LoginState::Active => None,
    }
}

/// Shows that a message waits.
pub(crate) async fn waits(core: &Core, portal: &Portal, mut outgoing: Outgoing, wanted: Shown) {
    if wanted == Shown::Mark && mark(core, &mut outgoing).await.is_err() {
        return;
    }
    let before = std::mem::replace(&mut outgoing.shown, wanted);
    let mark = outgoing.progress.mark.clone();
    let Some(progress) = core.outbox.put_shown(portal.id, outgoing.entry.id, wanted, mark) else {
        // The message was redacted in the meantime.
        return unmark(core, &outgoing).await;
    };
    if wanted == Shown::Mark {
        core.store.submit(Change::new().put_progress(outgoing.entry.id, &progress));
    }
    if before == Shown::Nothing {
        let pending = json!({ "status": "PENDING" });
        status(core, &outgoing.room, &outgoing.event, pending).await;
    }
}

async fn mark(core: &Core, outgoing: &mut Outgoing) -> Result<(), Halt> {
    let (bot, event, room) = (core.bot(), &outgoing.event, &outgoing.room);
    let (mark, txn) = (content::reaction(event, WAITS), Txn::Waits(event).to_string());
    match core.send(&bot, room, &mark, (&txn, None)).await {
        Ok(mark) => {
            core.copies.put_mark(outgoing.entry.source(), Some(&mark));
            outgoing.progress.mark = Some(mark);
        }
        Err(Halt::Stopping) => return Err(Halt::Stopping),
        // The message itself may have been redacted.
        Err(Halt::Refused(error)) => tracing::debug!(%room, %error, "a mark was refused"),
    }
    Ok(())
}

/// Shows in the room what WeChat has accepted, beside the next sends.
pub(crate) fn show_accepted(core: &Arc<Core>, portal: PortalId) {
    if !core.confirmed.begin(portal) {
        return;
    }
    let shared = Arc::clone(core);
    core.tasks.spawn("shown", async move {
        loop {
            let accepted = shared.confirmed.take(portal);
            if accepted.is_empty() {
                return;
            }
            all_accepted(&shared, portal, &accepted).await;
        }
    });
}

/// Shows that WeChat accepted these messages: by the contact's read receipt, or by a mark where it
/// is not certain. A receipt covers all earlier messages of its room, so only the newest message
/// gets one.
///
/// The receipt is the ghost's and not the bot's: a homeserver or a client moves a user's receipt to
/// their own latest event, and the bot sends marks and notices behind a message that waits. The
/// ghost sends only the messages of its contact.
async fn all_accepted(core: &Core, portal: PortalId, heads: &[Outgoing]) {
    let portal = core.registry.portal(portal);
    let reader = portal.and_then(|portal| core.ghost(&portal.key.contact));
    let all: Vec<_> = heads.iter().flat_map(AcceptedMessage::all).collect();
    for (at, one) in all.iter().enumerate() {
        let gets_receipt = |other: &AcceptedMessage<'_>| {
            !other.unconfirmed
                && !core.is_ours(&other.message.sender)
                && other.message.room == one.message.room
        };
        let newest = all.iter().rposition(gets_receipt) == Some(at);
        accepted(core, one, reader.as_ref().filter(|_| newest)).await;
    }
}

/// A message that WeChat accepted, by itself or along with another.
struct AcceptedMessage<'a> {
    message: &'a Outgoing,
    unconfirmed: bool,
}

impl<'a> AcceptedMessage<'a> {
    fn all(head: &'a Outgoing) -> impl Iterator<Item = Self> {
        let unconfirmed = head.progress.unconfirmed;
        head.all().map(move |message| Self { message, unconfirmed })
    }

    /// Returns whether the room should show that the message has arrived. A message to several
    /// contacts has arrived when all of them have it; for messages of a contact nothing is shown.
    fn has_arrived(&self, core: &Core) -> bool {
        let Self { message, .. } = self;
        core.copies.stand(message.entry.source()) == Stand::Whole && !core.is_ours(&message.sender)
    }
}

async fn accepted(core: &Core, one: &AcceptedMessage<'_>, reader: Option<&Intent>) {
    let AcceptedMessage { message, unconfirmed } = one;
    let success = async {
        if one.has_arrived(core) {
            let success = json!({ "status": "SUCCESS" });
            status(core, &message.room, &message.event, success).await;
        }
    };
    let marked = mark_accepted(core, message, *unconfirmed, reader);
    tokio::join!(unmark(core, message), marked, success);
}

async fn mark_accepted(core: &Core, one: &Outgoing, unconfirmed: bool, reader: Option<&Intent>) {
    let (bot, room, event) = (core.bot(), &one.room, &one.event);
    let shown = if unconfirmed {
        let mark = content::reaction(event, UNCONFIRMED);
        let txn = Txn::Unconfirmed(event).to_string();
        bot.send(room, &mark, &txn, None).await.map(drop)
    } else if let Some(reader) = reader {
        reader.read_receipt(room, event).await
    } else {
        return;
    };
    if let Err(error) = shown {
        tracing::debug!(%room, %error, "a delivery mark was not shown");
    }
}

/// Replies to each event of a message that WeChat will not accept, with the reason.
pub(crate) async fn failed(
    core: &Core,
    portal: &Portal,
    head: &Outgoing,
    refusal: &SendRefusal,
) -> Result<(), Halt> {
    let text = refusal.text(core.language_of(&portal.key.owner));
    for one in head.all() {
        let text = match one.entry.source() {
            Some(Source::Copy { .. }) => format!("{}: {text}", name_of(portal)),
            Some(Source::Event(_) | Source::Message { .. }) | None => text.clone(),
        };
        let reply = content::reply(&one.event, content::notice(&text));
        match notice::in_room(core, &one.room, &reply, Txn::Failed(one.entry.id)).await {
            Err(Halt::Stopping) => return Err(Halt::Stopping),
            Err(Halt::Refused(error)) => {
                tracing::warn!(room = %one.room, %error, "the homeserver refused a notice");
            }
            Ok(_) => {}
        }
        unmark(core, one).await;
        let reason = "m.foreign_network_error";
        let failed = json!({ "status": "FAIL_PERMANENT", "reason": reason, "message": text });
        status(core, &one.room, &one.event, failed).await;
    }
    Ok(())
}

/// Removes the mark of a message that no longer waits, unless it waits for another contact.
pub(crate) async fn unmark(core: &Core, outgoing: &Outgoing) {
    let Outgoing { entry, room, event, progress, .. } = outgoing;
    let known = progress.mark.clone().map_or_else(|| core.copies.mark(entry.source()), Mark::Known);
    take_mark_away(core, entry.source(), (room, event), known).await;
}

/// Removes the mark of a copy that has ended before it was queued.
pub(crate) async fn unmark_copy(core: &Core, entry: &Entry) {
    if let Work::FromMatrix { room, source: Source::Copy { event, .. }, .. } = &entry.work {
        let known = core.copies.mark(entry.source());
        take_mark_away(core, entry.source(), (room, event), known).await;
    }
}

async fn take_mark_away(
    core: &Core,
    source: Option<&Source>,
    (room, event): (&RoomId, &EventId),
    known: Mark,
) {
    if core.copies.stand(source) == Stand::Open {
        return;
    }
    let bot = core.bot();
    let mark = match known {
        Mark::None => Ok(None),
        Mark::Known(mark) => Ok(Some(mark)),
        Mark::Maybe => bot.own_reaction(room, event, WAITS).await,
    };
    let gone = match mark {
        Ok(None) => return,
        Ok(Some(mark)) => {
            bot.redact(room, &mark, &Txn::Goes(event).to_string(), None).await.map(drop)
        }
        Err(error) => Err(error),
    };
    if let Err(error) = gone {
        tracing::debug!(%room, %error, "a mark was not taken away");
    }
}

/// Sends a status event, for clients that show it; its failure is ignored.
async fn status(core: &Core, room: &RoomId, event: &EventId, state: serde_json::Value) {
    let relation = json!({ "rel_type": "m.reference", "event_id": event });
    let mut fields = Map::from_iter([
        ("network".to_owned(), json!("wechat")),
        ("m.relates_to".to_owned(), relation),
    ]);
    let word = state["status"].as_str().unwrap_or_default().to_owned();
    fields.extend(state.as_object().cloned().unwrap_or_default());
    let content = Content::new("com.beeper.message_send_status", fields);
    let txn = Txn::Status { event, word: &word }.to_string();
    if let Err(error) = core.bot().send(room, &content, &txn, None).await {
        tracing::debug!(%room, %error, "a status was not shown");
    }
}

/// Counts whether WeChat returned an id, and warns once when it stops to: the account may be
/// restricted.
pub(crate) async fn count_confirmation(core: &Core, portal: &Portal, confirmed: bool) {
    let Some(known) = core.reply(portal.id) else { return };
    let unconfirmed = if confirmed { 0 } else { known.unconfirmed + 1 };
    if unconfirmed == known.unconfirmed {
        return;
    }
    core.change_reply(portal.id, |reply| reply.unconfirmed = unconfirmed);
    if unconfirmed == UNCONFIRMED_WARNING {
        let name = name_of(portal);
        let note = Note::Unconfirmed { name: &name, count: unconfirmed };
        // A second series within one window is a new warning, which the number of sends identifies.
        let Reply { heard, sends, .. } = known;
        let txn = Txn::UnconfirmedRun { portal: portal.id, heard, sends };
        say_note(core, portal, &note, txn).await;
    }
}

/// Warns once per message of the contact that few sends are left.
pub(crate) async fn warn_quota(core: &Core, portal: &Portal) {
    let Some(reply) = core.reply(portal.id).filter(|_| core.config.delivery.warn) else { return };
    if reply_window::QUOTA.saturating_sub(reply.sends) == QUOTA_WARNING {
        let name = name_of(portal);
        let note = Note::QuotaLow { name: &name, left: QUOTA_WARNING };
        let txn = Txn::Quota { portal: portal.id, heard: reply.heard };
        say_note(core, portal, &note, txn).await;
    }
}

async fn say_note(core: &Core, portal: &Portal, note: &Note<'_>, txn: Txn<'_>) {
    let Some(room) = portal.place() else { return };
    let text = note.text(core.language_of(&portal.key.owner));
    // After a stop, the warning comes with the next message.
    let _ = notice::say(core, room, &text, txn).await;
}

/// The mark of a message that waits.
const WAITS: &str = "⏳";
/// The mark of a message that WeChat accepted without an id.
const UNCONFIRMED: &str = "❔";
/// The number of messages in a row without an id after which the owner is warned.
const UNCONFIRMED_WARNING: u32 = 3;
/// The number of sends left at which the owner is warned.
const QUOTA_WARNING: u32 = 2;
