//! A contact took a message back: what came of it in the room goes too.

use super::{core::Core, halt::Halt};
use crate::{
    id::PortalId,
    ilink::Message,
    store::{Change, Outcome},
};

/// Redacts the events of a message that was taken back, as the ghost that sent them.
pub(crate) async fn from_wechat(
    core: &Core,
    portal: PortalId,
    message: &Message,
) -> Result<Outcome, Halt> {
    let Some(portal) = core.registry.portal(portal) else {
        return Ok(Outcome::Ignored("no portal".into()));
    };
    // Links are handed over without waiting; behind this commit all of them can be read.
    core.commit(Change::new()).await?;
    let links = match &message.id {
        Some(id) => core.read(core.store.events_of(portal.id, id))?,
        None => Vec::new(),
    };
    let ghost = core.ghost(&portal.key.contact).zip(portal.room.as_ref());
    let Some((ghost, room)) = ghost.filter(|_| !links.is_empty()) else {
        return Ok(Outcome::Ignored("deleted".into()));
    };
    for link in links {
        let (login, message, item) = (portal.login, link.message.as_str(), link.item);
        let txn = format!("w{login}.{message}.{item}.gone");
        core.insist(|| ghost.redact(room, &link.event, &txn, None)).await?;
    }
    Ok(Outcome::Delivered)
}
