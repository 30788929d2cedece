//! The sender of one contact's queue: a thin shell around `reply_window`, `rate_limit` and
//! `verdict`.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;

use super::{
    sending::Sending,
    settle::Fit,
    upload,
    verdict::{self, After},
};
use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        login::logout,
        notice::status,
        policy::visibility,
        state::{
            LaneKey, Outgoing, Part,
            reply_window::{self, Hold},
        },
        text::SendRefusal,
    },
    convert::WECHAT_TEXT_LIMIT,
    crash,
    id::{MessageId, PortalId},
    ilink::{self, Accepted, OutboundItem, OutboundMessage},
    store::{Change, Direction, Link, Login, LoginState, Outcome, Source},
};

/// The state of a sender between two steps.
#[derive(Default)]
struct SenderTurn {
    /// The waiting period of which the room was told.
    told: Option<status::Period>,
    /// The file that is uploaded next, when it is downloaded already.
    ready: Option<upload::Ready>,
}

/// Runs until the portal's queue is empty or the bridge stops.
pub(crate) async fn run(core: Arc<Core>, portal: PortalId) {
    let mut turn = SenderTurn::default();
    let mut panics = 0;
    while let Some(head) = core.outbox.head(portal) {
        let Some(portal) = core.registry.portal(portal) else { return };
        if core.tasks.stopping() {
            return;
        }
        let sending = Sending { core: &core, portal: &portal };
        let step = sending.advance(head.clone(), &mut turn);
        let done = AssertUnwindSafe(step).catch_unwind().await;
        status::show_accepted(&core, portal.id);
        if done.is_ok() {
            panics = 0;
            continue;
        }
        panics += 1;
        tracing::error!(portal = %portal.id, panics, "a send panicked");
        if panics == MOST_PANICS {
            sending.failed(&head, SendRefusal::Poison).await;
        }
    }
}

impl Sending<'_> {
    /// Makes one step with the queue: an upload, a send, or a wait until something changes.
    async fn advance(&self, head: Outgoing, turn: &mut SenderTurn) {
        let Self { core, portal } = *self;
        let lane = LaneKey::Portal(portal.id);
        // The waiting messages must be complete before any of them is joined or sent. What an earlier
        // run has tried is sent as it was; a quote of it may be waiting in the lane.
        let is_known = head.is_of_earlier_run() || !core.lanes.is_resuming(&lane);
        if !is_known || (!head.is_complete() && core.lanes.is_busy(&lane)) {
            let changed = core.outbox.changed(portal.id);
            core.tasks.unless_stopped(changed.notified()).await;
            return;
        }
        if head.next_part().is_none() {
            // A restart came after the last part and before its end was stored.
            return self.finish(&head).await;
        }
        let hold = self.may_send().err().or_else(|| unreachable(&head));
        if let Some(why) = hold {
            let period = status::Period::of(core, portal, why);
            if turn.told != Some(period) {
                turn.told = Some(period);
                status::held(core, portal, &head, why, period).await;
            }
            // One per step: the reason to wait may be gone before all of them are shown.
            if let Some((unshown, wanted)) = core.outbox.find_unshown(portal.id) {
                return status::waits(core, portal, unshown, wanted).await;
            }
        }
        if let Some(why) = hold.filter(|why| *why != Hold::Unreachable) {
            turn.ready = None;
            return self.wait(why).await;
        }
        // The window may close during an upload, so it is checked again afterwards.
        if let Some(media) = upload::missing(core, &head) {
            return self.bring(&head, &media, &mut turn.ready).await;
        }
        if self.try_head(head).await {
            turn.told = None;
        }
    }

    fn may_send(&self) -> Result<(), Hold> {
        let Self { core, portal } = *self;
        self.active_login().ok_or(Hold::LoggedOut)?;
        reply_window::may_send(core.reply(portal.id).as_ref(), core.clock.now())
    }

    pub(super) fn active_login(&self) -> Option<Arc<Login>> {
        let Self { core, portal } = *self;
        core.registry.login(portal.login).filter(|login| login.state == LoginState::Active)
    }

    /// Waits until something changes for which the queue may be waiting.
    async fn wait(&self, why: Hold) {
        let Self { core, portal } = *self;
        let changed = core.outbox.changed(portal.id);
        let patience = match why {
            Hold::Throttled(until) => until.since(core.clock.now()).min(CLOCK_CHECK),
            Hold::NeverHeard
            | Hold::WindowClosed
            | Hold::QuotaSpent
            | Hold::LoggedOut
            | Hold::Unreachable => CLOCK_CHECK,
        };
        tokio::select! {
            () = changed.notified() => {}
            () = core.tasks.pause(patience) => {}
        }
    }

    /// Tries to send the next part of the head once; returns whether WeChat accepted it.
    async fn try_head(&self, head: Outgoing) -> bool {
        let Self { core, portal } = *self;
        if !head.progress.tried && !self.is_fit(&head).await {
            return false;
        }
        if self.join().await.is_err() {
            return false;
        }
        let pace = core.paces.of(portal.login, core.config.delivery);
        let mut pace = pace.lock().await;
        while let Err(wait) = pace.take(core.clock.now()) {
            core.tasks.pause(wait).await;
            if core.tasks.stopping() {
                return false;
            }
        }
        let Some(login) = self.active_login() else { return false };
        let Some(mut head) = core.outbox.begin_try(portal.id, head.entry.id) else { return false };
        let Some(item) = item(&head) else { return false };
        if let OutboundItem::Text(text) = &item {
            crash::taste("send", text);
        }
        let first_try = !head.progress.tried;
        if self.mark_tried(&mut head).await.is_err() {
            return false;
        }
        let answer = self.send_once(&login, &head, item).await;
        let sent = verdict::after_send(answer, head.tries, head.refused);
        core.tallies.count_send(verdict::counted(&sent));
        drop(pace);
        let after = match sent {
            Ok(id) => {
                self.accepted(head, id).await;
                return true;
            }
            Err(after) => after,
        };
        if first_try && matches!(after, After::Throttled | After::LoggedOut) {
            self.undo_try(&head);
        }
        self.go_on(&login, &head, after).await;
        false
    }

    /// Does what follows from a failed try.
    pub(super) async fn go_on(&self, login: &Login, head: &Outgoing, after: After) {
        let Self { core, portal } = *self;
        match after {
            After::Retry(pause) => {
                tracing::debug!(portal = %portal.id, tries = head.tries, "a send did not get through");
                core.tasks.pause(pause).await;
            }
            After::Refused(pause) => {
                tracing::debug!(portal = %portal.id, refused = head.refused, "a send was refused");
                core.outbox.count_refused(portal.id, head.entry.id);
                core.tasks.pause(pause).await;
            }
            After::Throttled => self.throttled(),
            After::LoggedOut => logout::session_lost(core, login).await,
            After::Failed(refusal) => self.failed(head, refusal).await,
        }
    }

    /// Returns whether the head may be sent; one that may not is finished here.
    async fn is_fit(&self, head: &Outgoing) -> bool {
        let core = self.core;
        match self.settle(head, &[]).await {
            Ok(Fit::Goes) => return true,
            Ok(Fit::Unseen) => self.failed(head, SendRefusal::Unseen).await,
            Ok(Fit::Unchanged) => {
                self.end(head, &Outcome::Ignored("unchanged".into()));
                status::unmark(core, head).await;
            }
            Err(Halt::Refused(_) | Halt::Stopping) => {}
        }
        false
    }

    /// Joins short messages into one, as its lines, when more wait than may be sent, or the owner asked
    /// for it.
    async fn join(&self) -> Result<(), Halt> {
        let Self { core, portal } = *self;
        let left = core
            .reply(portal.id)
            .map_or(0, |reply| reply_window::QUOTA.saturating_sub(reply.sends));
        let short = core.config.delivery.merge && core.outbox.queued(portal.id) > left as usize;
        if !short && !core.outbox.merges(portal.id) {
            return Ok(());
        }
        self.settle_rest().await?;
        let joined = core.outbox.join(portal.id, WECHAT_TEXT_LIMIT);
        if !joined.is_empty() {
            tracing::debug!(portal = %portal.id, joined = joined.len(), "messages go out as one");
        }
        Ok(())
    }

    /// Stores what is sent and what is sent along before the try: WeChat drops another text under a
    /// known client id, so a restart must send an equal text.
    async fn mark_tried(&self, head: &mut Outgoing) -> Result<(), Halt> {
        let Self { core, portal } = *self;
        if head.progress.tried {
            return Ok(());
        }
        head.progress.tried = true;
        head.progress.digested = true;
        head.progress.along = u16::try_from(head.with.len()).unwrap_or(u16::MAX);
        core.outbox.put_head(portal.id, head.clone());
        let noted =
            |change: Change, one: &Outgoing| change.put_progress(one.entry.id, &one.progress);
        core.commit(head.all().fold(Change::new(), noted)).await
    }

    /// Undoes the first try of a message that WeChat certainly does not have, so that it can be
    /// changed.
    fn undo_try(&self, head: &Outgoing) {
        let Self { core, portal } = *self;
        let changed = core.outbox.undo_try(portal.id, head.entry.id);
        let noted =
            |change: Change, one: &Outgoing| change.put_progress(one.entry.id, &one.progress);
        core.store.submit(changed.iter().fold(Change::new(), noted));
    }

    async fn send_once(
        &self,
        login: &Login,
        head: &Outgoing,
        item: OutboundItem,
    ) -> Result<Accepted, ilink::Error> {
        let Self { core, portal } = *self;
        let session = core.ilink.session(login.token.clone(), login.base_url.as_deref())?;
        let message = OutboundMessage {
            to: portal.key.contact.clone(),
            context: core.reply(portal.id).and_then(|reply| reply.context),
            client_id: self.client_id(head),
            item,
        };
        core.ilink.send_message(&session, &message).await
    }

    /// Returns the client id of the next part. It is derived from the source of the message, so that a
    /// repetition has an equal id, and hides the source from Tencent. What an older release has tried
    /// keeps its plain id.
    fn client_id(&self, head: &Outgoing) -> String {
        let Self { core, portal } = *self;
        let part = head.progress.parts_done;
        let plain = match head.entry.source() {
            Some(Source::Event(event)) => format!("{event}:{part}"),
            Some(Source::Copy { portal, event }) => format!("{event}:{portal}:{part}"),
            Some(Source::Message { .. }) | None => format!("{}:{part}", head.event),
        };
        match head.progress.digested {
            true => core.digest_key.digest(&format!("{} {plain}", portal.id)),
            false => plain,
        }
    }

    async fn accepted(&self, mut head: Outgoing, id: Option<MessageId>) {
        let Self { core, portal } = *self;
        let item = head.progress.parts_done;
        head.progress.parts_done += 1;
        head.progress.unconfirmed |= id.is_none();
        (head.tries, head.refused) = (0, 0);
        // The next file may have this address and be another kind of item.
        if matches!(head.parts.get(usize::from(item)), Some(Part::Media(_))) {
            head.progress.uploaded = None;
        }
        let mut change = Change::new().put_progress(head.entry.id, &head.progress);
        // Only messages of a single part are joined, so each line is the first part of its event.
        for (line, one) in (item..).zip(head.all()) {
            let Some(message) = id.clone() else { break };
            let (event, at) = (one.event.clone(), core.clock.now());
            let direction = Direction::ToWechat;
            change =
                change.link(&Link { portal: portal.id, message, item: line, event, direction, at });
        }
        core.store.submit(change);
        core.change_reply(portal.id, |reply| {
            reply.sends += 1;
            reply.held_until = None;
            reply.throttled = 0;
        });
        status::count_confirmation(core, portal, id.is_some()).await;
        status::warn_quota(core, portal).await;
        if usize::from(head.progress.parts_done) < head.parts.len() {
            core.outbox.put_head(portal.id, head);
        } else {
            self.finish(&head).await;
        }
    }

    /// Finishes a message whose parts are all accepted.
    async fn finish(&self, head: &Outgoing) {
        let Self { core, portal } = *self;
        let outcome = match head.progress.unconfirmed {
            false => Outcome::Delivered,
            true => Outcome::Unconfirmed,
        };
        self.end(head, &outcome);
        core.confirmed.push(portal.id, head.clone());
    }

    /// Stores the end of a message and of those that were sent along, in one change.
    fn end(&self, head: &Outgoing, outcome: &Outcome) {
        let Self { core, portal } = *self;
        let now = core.clock.now();
        let was_sent = matches!(outcome, Outcome::Delivered | Outcome::Unconfirmed);
        let change = head.all().fold(Change::new(), |change, one| {
            let change = change.finish(one.entry.id, one.entry.source(), outcome, now);
            if was_sent { visibility::note(core, change, portal, one) } else { change }
        });
        core.store.submit(change);
        core.outbox.remove(portal.id, head.entry.id);
        head.all().for_each(|one| core.copies.end(one.entry.source(), outcome));
    }

    fn throttled(&self) {
        let Self { core, portal } = *self;
        let now = core.clock.now();
        core.change_reply(portal.id, |reply| {
            reply.throttled += 1;
            reply.held_until = Some(now.plus(reply_window::throttle_pause(reply.throttled)));
        });
        tracing::warn!(portal = %portal.id, "WeChat throttles this contact's messages");
    }

    async fn failed(&self, head: &Outgoing, refusal: SendRefusal) {
        let Self { core, portal } = *self;
        let code = refusal.code();
        tracing::warn!(portal = %portal.id, event = %head.event, code, "a message is not sent");
        if let Err(Halt::Stopping) = status::failed(core, portal, head, &refusal).await {
            return; // Said and recorded together at the next start.
        }
        self.end(head, &Outcome::Refused(code.into()));
        for one in head.all() {
            // Repeated here, since it is now known to be the last of its copies.
            status::unmark(core, one).await;
        }
    }
}

/// Returns the reason to wait that is shown after four failed tries.
fn unreachable(head: &Outgoing) -> Option<Hold> {
    (head.tries.max(head.failed_uploads) >= PATIENT_TRIES).then_some(Hold::Unreachable)
}

/// Returns the item to send next; `None` for a file that was not uploaded yet.
fn item(head: &Outgoing) -> Option<OutboundItem> {
    match head.next_part()? {
        Part::Text(text) => Some(OutboundItem::Text(text)),
        Part::Media(media) => upload::item(head.upload_of(&media)?),
    }
}

/// The longest sleep of a waiting queue, after which it checks the clock, which may have been set.
const CLOCK_CHECK: Duration = Duration::from_secs(5 * 60);
/// The number of panics after which a message is set aside.
const MOST_PANICS: u32 = 3;
/// The number of failed tries after which the room is told.
const PATIENT_TRIES: u32 = 4;
