//! The last check of a message before its first try: what it tells about an earlier event must be
//! what the contact has received of it.

use ruma::OwnedEventId;

use super::sending::Sending;
use crate::{
    bridge::{
        core::attempt::Halt,
        policy::visibility,
        render::reply_line,
        state::{About, Outgoing},
    },
    convert::WECHAT_TEXT_LIMIT,
};

/// Whether a message may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fit {
    Goes,
    /// The contact has not received the event to which it refers.
    Unseen,
    /// The message says what the contact has received already.
    Unchanged,
}

impl Sending<'_> {
    /// Decides whether an untried message may be sent, and sets the quote above it.
    pub(super) async fn settle(
        &self,
        one: &Outgoing,
        along: &[(OwnedEventId, OwnedEventId)],
    ) -> Result<Fit, Halt> {
        let Self { core, portal } = *self;
        let (fit, line) = match &one.about {
            About::Nothing => (Fit::Goes, None),
            About::Answer(of) => {
                (Fit::Goes, reply_line::line(core, &one.room, of, portal, along).await?)
            }
            About::Reaction(of) => {
                match reply_line::line(core, &one.room, of, portal, along).await? {
                    Some(line) => (Fit::Goes, Some(line)),
                    None => (Fit::Unseen, None),
                }
            }
            About::Correction { of, .. } if !visibility::was_given(core, portal, of).await? => {
                (Fit::Unseen, None)
            }
            About::Correction { of, words } => {
                match visibility::is_as_given(core, portal, of, words).await? {
                    true => (Fit::Unchanged, None),
                    false => (Fit::Goes, None),
                }
            }
        };
        let line = (fit == Fit::Goes).then_some(line.as_deref());
        core.outbox.settle(portal.id, one.entry.id, line);
        Ok(fit)
    }

    /// Decides about the messages that may be joined to the head.
    pub(super) async fn settle_rest(&self) -> Result<(), Halt> {
        let Self { core, portal } = *self;
        let mut along = Vec::new();
        let mut bytes = 0;
        for one in core.outbox.waiting(portal.id) {
            let Some(text) = one.whole_text() else { return Ok(()) };
            bytes += text.len();
            let is_head = along.is_empty();
            if !is_head && (bytes > WECHAT_TEXT_LIMIT || !self.goes(&one, &along).await?) {
                return Ok(());
            }
            let version = one.progress.version.clone().unwrap_or_else(|| one.event.clone());
            along.push((one.event.clone(), version));
        }
        Ok(())
    }

    async fn goes(
        &self,
        one: &Outgoing,
        along: &[(OwnedEventId, OwnedEventId)],
    ) -> Result<bool, Halt> {
        Ok(self.settle(one, along).await? == Fit::Goes)
    }
}
