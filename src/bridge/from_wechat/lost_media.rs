//! Items that could not be brought: a notice in their place, and another try on request.

use ruma::EventId;

use super::{
    media::{self, Brought, Failed, Lost},
    place::Place,
    quote::{self, Answers},
};
use crate::{
    bridge::{
        core::{
            Core,
            attempt::Halt,
            txn::{Beside, Txn},
        },
        group::copies::Said,
        notice::{self, refusal},
        text::{ItemNotice, Medium, SendRefusal},
    },
    ilink::{Body, Item, MediaBody, Message, RemoteMedia},
    matrix::{content, event::Event},
    spool::Spool,
    store::{Change, Kept, Outcome, Portal},
};

/// Stores an item that could not be brought, and sends a notice in its place.
///
/// The item is stored before the notice is sent: after a crash between the two the notice is
/// repeated, and the file does not come after it.
pub(super) async fn keep(
    core: &Core,
    place: &Place<'_>,
    raw: &str,
    body: &MediaBody,
    lost: Lost,
) -> Result<Outcome, Halt> {
    let notice = sentence(core, &place.portal.key.owner, body, &lost);
    if let Some(ciphertext) = lost.ciphertext {
        keep_ciphertext(core, &place.txn, ciphertext).await;
    }
    let kept = Kept {
        txn: place.txn.clone(),
        portal: place.portal.id,
        raw: raw.into(),
        item: place.number,
        written: place.at,
        at: core.clock.now(),
        notice: notice.into(),
    };
    core.commit(Change::new().keep(&kept)).await?;
    say(core, place, body, &kept).await
}

/// Sends the notice of a kept item in its place, once, even when it is repeated.
pub(super) async fn say(
    core: &Core,
    place: &Place<'_>,
    body: &MediaBody,
    kept: &Kept,
) -> Result<Outcome, Halt> {
    let content = content::notice(&*kept.notice);
    let event = place.send(core, &content, &place.beside(Beside::Kept).to_string()).await?;
    core.store.submit(Change::new().keep_notice(&event, &kept.txn, kept.at));
    Ok(refused(body))
}

/// Returns the kept item whose notice is this event, if it is one.
pub(crate) fn told_by(core: &Core, notice: &EventId) -> Result<Option<Kept>, Halt> {
    core.read(core.store.kept_of(notice))
}

/// Tries again to bring a kept item. On success it has its original time, and its notice is
/// redacted; otherwise the asker is told the reason.
pub(crate) async fn again(
    core: &Core,
    asking: &Event,
    notice: &EventId,
    kept: &Kept,
    portal: &Portal,
) -> Result<Outcome, Halt> {
    let message = Message::parse(&kept.raw).ok();
    let item = message.as_ref().and_then(|m| m.items.get(usize::from(kept.item)));
    let ghost = core.ghost(&portal.key.contact);
    let (Some(Item { body: Body::Media(body), quote, .. }), Some(ghost)) = (item, &ghost) else {
        return refusal::refuse(core, asking, SendRefusal::NothingToRetry).await;
    };
    // The room of the notice: the contact's own, or one with others.
    let (room, said) = (&*asking.room, Said::default());
    let mut place = Place {
        portal,
        room,
        ghost,
        said: &said,
        txn: kept.txn.clone(),
        at: kept.written,
        number: kept.item,
        message: message.as_ref().and_then(|m| m.id.as_ref()),
        answers: Answers::Nothing,
    };
    place.answers = quote::find(core, &place, quote.as_ref()).await?;
    match core.arriving.hold(bring(core, &place, body)).await {
        Ok(Brought { content, mismatch }) => {
            place.send_file(core, body, (&content, mismatch)).await?;
            let txn = place.beside(Beside::Brought).to_string();
            // A notice that cannot be redacted stays.
            let redacting = || ghost.redact(room, notice, &txn, None);
            if let Err(Halt::Stopping) = core.insist(redacting).await {
                return Err(Halt::Stopping);
            }
            said.commit(core, portal, Change::new().forget_kept(notice, &kept.txn)).await?;
            Ok(Outcome::Delivered)
        }
        Err(Failed::Lost(lost)) => {
            let text = sentence(core, &asking.sender, body, &lost);
            let reply = content::reply(&asking.id, content::notice(text));
            notice::in_room(core, &asking.room, &reply, Txn::Again(&asking.id)).await?;
            Ok(refused(body))
        }
        Err(Failed::Halt(halt)) => Err(halt),
    }
}

/// Brings the file from the CDN, or from the kept ciphertext when the CDN no longer has it.
async fn bring(core: &Core, place: &Place<'_>, body: &MediaBody) -> Result<Brought, Failed> {
    let fetched = media::fetch(core, place.ghost, body).await;
    let file = match fetched {
        Err(Failed::Lost(lost)) => match opened(core, &place.txn, body.remote()).await {
            Some(file) => file,
            None => return Err(lost.into()),
        },
        fetched => fetched?,
    };
    media::show(core, place.ghost, body, file).await
}

async fn opened(core: &Core, txn: &str, media: Option<RemoteMedia>) -> Option<Spool> {
    let (store, spools, txn, media) =
        (core.store.clone(), core.spools.clone(), txn.to_owned(), media?);
    let opening = move || media.open(&mut store.kept_ciphertext(&txn)?, &spools).ok().flatten();
    tokio::task::spawn_blocking(opening).await.ok().flatten()
}

/// Stores the ciphertext for `retry`. When that fails, only the CDN is left.
async fn keep_ciphertext(core: &Core, txn: &str, ciphertext: Spool) {
    let (store, txn) = (core.store.clone(), txn.to_owned());
    let keeping = move || {
        let mut from = ciphertext.handle()?;
        store.keep_ciphertext(&txn, &mut from, ciphertext.len())
    };
    if let Ok(Err(error)) = tokio::task::spawn_blocking(keeping).await {
        tracing::warn!(%error, "the ciphertext of a file could not be kept");
    }
}

fn refused(body: &MediaBody) -> Outcome {
    Outcome::Refused(Medium::of(body).code().into())
}

fn sentence(core: &Core, reader: &ruma::UserId, body: &MediaBody, lost: &Lost) -> String {
    let lost = ItemNotice::Lost { what: &Medium::of(body), why: &lost.why, prefix: core.prefix() };
    lost.text(core.language_of(reader))
}
