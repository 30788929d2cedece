//! The change of a portal's record: reads, commits and puts it into the registry under one lock.

use super::{Core, attempt::Halt};
use crate::{
    id::PortalId,
    store::{Change, Portal},
};

/// Changes a portal's current record and stores it.
pub(crate) async fn change(
    core: &Core,
    portal: PortalId,
    with: impl FnOnce(&mut Portal),
) -> Result<(), Halt> {
    let _one_at_a_time = core.changing.lock().await;
    let Some(now) = core.registry.portal(portal) else { return Ok(()) };
    let mut changed = Portal::clone(&now);
    with(&mut changed);
    core.commit(Change::new().put_portal(&changed)).await?;
    core.registry.put_portal(changed);
    Ok(())
}
