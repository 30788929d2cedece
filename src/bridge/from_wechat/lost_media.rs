//! Items that could not be brought: a notice in their place, and another try when somebody asks.

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
        text::{ItemNotice, Medium, Refusal},
    },
    ilink::{Body, Item, Message, RemoteMedia},
    matrix::{content, event::Event},
    spool::Spool,
    store::{Change, Kept, Outcome, Portal},
};

/// Keeps an item that could not be brought, and says so in its place.
///
/// The item is kept before it is spoken of: after a crash between the two the notice is repeated,
/// and the file does not come behind it.
pub(super) async fn keep(
    core: &Core,
    place: &Place<'_>,
    raw: &str,
    body: &Body,
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

/// Says in an item's place that it is kept, once however often it is done again.
pub(super) async fn say(
    core: &Core,
    place: &Place<'_>,
    body: &Body,
    kept: &Kept,
) -> Result<Outcome, Halt> {
    let content = content::notice(&*kept.notice);
    let event = place.send(core, &content, &place.beside(Beside::Kept).to_string()).await?;
    core.store.submit(Change::new().keep_notice(&event, &kept.txn, kept.at));
    Ok(refused(body))
}

/// The kept item of which this event tells, if it does.
pub(crate) fn told_by(core: &Core, notice: &EventId) -> Result<Option<Kept>, Halt> {
    core.read(core.store.kept_of(notice))
}

/// Tries once more to bring a kept item. It comes with the time at which it was written, and its
/// notice goes; or whoever asked hears why not.
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
    let (Some(Item { body, quote, .. }), Some(ghost)) = (item, &ghost) else {
        return refusal::refuse(core, asking, Refusal::NothingToRetry).await;
    };
    // Where the notice stands: the contact's own room, or one with others in it.
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
            // A notice that stays is only untidy.
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

/// From the CDN; when it has the file no more, from what was kept of it.
async fn bring(core: &Core, place: &Place<'_>, body: &Body) -> Result<Brought, Failed> {
    let fetched = media::fetch(core, place.ghost, body).await;
    let file = match fetched {
        Err(Failed::Lost(lost)) => match opened(core, &place.txn, body.media()).await {
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

/// What `retry` finds when the CDN has the file no more. Without it there is still the CDN.
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

fn refused(body: &Body) -> Outcome {
    Outcome::Refused(medium(body).code().into())
}

/// What an item is to people; only those with a file get here.
fn medium(body: &Body) -> Medium {
    Medium::of(body).unwrap_or(Medium::File { name: None })
}

fn sentence(core: &Core, reader: &ruma::UserId, body: &Body, lost: &Lost) -> String {
    let what = medium(body);
    let lost = ItemNotice::Lost { what: &what, why: &lost.why, prefix: core.prefix() };
    lost.text(core.language_of(reader))
}
