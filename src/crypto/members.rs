//! Who gets the keys of a room: everybody who is in it or invited.
//!
//! Asked of the homeserver once and then known, until a change in the room is told.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ruma::{OwnedRoomId, OwnedUserId, RoomId};

use crate::matrix::{self, Intent};

/// The members of the rooms in which something was encrypted lately.
#[derive(Debug, Default)]
pub(super) struct KeyMembers(Mutex<HashMap<OwnedRoomId, RoomMembers>>);

#[derive(Debug, Default)]
struct RoomMembers {
    /// How often a change was told: what was asked before the last one is not kept.
    changes: u64,
    members: Option<Arc<[OwnedUserId]>>,
}

impl KeyMembers {
    /// Returns who is in the room or invited, as `who` sees it.
    ///
    /// # Errors
    /// As the homeserver's requests.
    pub(super) async fn of(
        &self,
        who: &Intent,
        room: &RoomId,
    ) -> Result<Arc<[OwnedUserId]>, matrix::Error> {
        let changes = {
            let mut known = self.known();
            let known = known.entry(room.to_owned()).or_default();
            if let Some(members) = &known.members {
                return Ok(Arc::clone(members));
            }
            known.changes
        };
        let members: Arc<[OwnedUserId]> = who.members(room).await?.into();
        let mut known = self.known();
        if let Some(known) = known.get_mut(room).filter(|known| known.changes == changes) {
            known.members = Some(Arc::clone(&members));
        }
        Ok(members)
    }

    /// Has them asked for anew.
    pub(super) fn forget(&self, room: &RoomId) {
        if let Some(known) = self.known().get_mut(room) {
            known.changes += 1;
            known.members = None;
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<OwnedRoomId, RoomMembers>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
