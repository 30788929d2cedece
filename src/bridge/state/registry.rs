//! The registry: the current logins, portals and owners in memory.
//!
//! It is a copy of the store's records, read completely at the start. A changed record is committed
//! first and put here afterwards, so nothing is visible that a crash could revert.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};

use crate::{
    id::{LoginId, PortalId, PortalKey, WechatUserId},
    store::{self, Login, Owner, Portal, Store},
};

/// The records and their indexes.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<Records>);

#[derive(Debug, Default)]
struct Records {
    logins: HashMap<LoginId, Arc<Login>>,
    portals: HashMap<PortalId, Arc<Portal>>,
    by_key: HashMap<PortalKey, PortalId>,
    by_room: HashMap<OwnedRoomId, PortalId>,
    /// The contacts in each room with others.
    groups: HashMap<OwnedRoomId, BTreeSet<PortalId>>,
    owners: HashMap<OwnedUserId, Arc<Owner>>,
}

impl Registry {
    /// Reads everything from the store.
    pub(crate) fn load(store: &Store) -> Result<Self, store::Error> {
        let registry = Self::default();
        for login in store.logins()? {
            registry.put_login(login);
        }
        for portal in store.portals()? {
            registry.put_portal(portal);
        }
        for owner in store.owners()? {
            registry.put_owner(owner);
        }
        Ok(registry)
    }

    pub(crate) fn login(&self, id: LoginId) -> Option<Arc<Login>> {
        self.records().logins.get(&id).cloned()
    }

    /// Returns the login of this owner and this contact.
    pub(crate) fn find_login(&self, owner: &UserId, contact: &WechatUserId) -> Option<Arc<Login>> {
        let records = self.records();
        records.logins.values().find(|l| l.owner == owner && l.contact == *contact).cloned()
    }

    /// Returns the logins of one owner, oldest first.
    pub(crate) fn logins_of(&self, owner: &UserId) -> Vec<Arc<Login>> {
        let mut logins: Vec<_> =
            self.records().logins.values().filter(|l| l.owner == owner).cloned().collect();
        logins.sort_by_key(|l| l.id);
        logins
    }

    pub(crate) fn all_logins(&self) -> Vec<Arc<Login>> {
        self.records().logins.values().cloned().collect()
    }

    /// Returns the portals of this owner.
    pub(crate) fn portals_of_owner(&self, owner: &UserId) -> Vec<Arc<Portal>> {
        self.records().portals.values().filter(|p| p.key.owner == *owner).cloned().collect()
    }

    /// Returns all users of whom there is a record.
    pub(crate) fn users(&self) -> Vec<OwnedUserId> {
        self.records().owners.keys().cloned().collect()
    }

    pub(crate) fn put_login(&self, login: Login) {
        self.records().logins.insert(login.id, Arc::new(login));
    }

    pub(crate) fn portal(&self, id: PortalId) -> Option<Arc<Portal>> {
        self.records().portals.get(&id).cloned()
    }

    pub(crate) fn find_portal(&self, key: &PortalKey) -> Option<Arc<Portal>> {
        let records = self.records();
        records.by_key.get(key).and_then(|id| records.portals.get(id)).cloned()
    }

    pub(crate) fn portal_in(&self, room: &RoomId) -> Option<Arc<Portal>> {
        let records = self.records();
        records.by_room.get(room).and_then(|id| records.portals.get(id)).cloned()
    }

    /// Returns the contacts that were brought into this room with others, by the number of their
    /// portals.
    pub(crate) fn members(&self, room: &RoomId) -> Vec<Arc<Portal>> {
        let records = self.records();
        let members = records.groups.get(room).into_iter().flatten();
        members.filter_map(|id| records.portals.get(id)).cloned().collect()
    }

    /// Returns whether this is a user's management room.
    pub(crate) fn is_management_room(&self, room: &RoomId) -> bool {
        self.records().owners.values().any(|o| o.management_room.as_deref() == Some(room))
    }

    /// Returns whether any user has a chat with this contact.
    pub(crate) fn knows(&self, contact: &WechatUserId) -> bool {
        self.records().by_key.keys().any(|key| key.contact == *contact)
    }

    /// Returns how many users have a chat with this contact.
    pub(crate) fn owners_of(&self, contact: &WechatUserId) -> usize {
        self.records().by_key.keys().filter(|key| key.contact == *contact).count()
    }

    /// Returns the portals of this login.
    pub(crate) fn portals_of(&self, login: LoginId) -> Vec<Arc<Portal>> {
        self.records().portals.values().filter(|p| p.login == login).cloned().collect()
    }

    /// Returns the portals whose room has not been made yet, or whose owner is not in it; with
    /// `spaces`, also those whose room is in no space.
    pub(crate) fn unfinished_portals(&self, spaces: bool) -> Vec<PortalId> {
        let unfinished = |portal: &&Arc<Portal>| {
            !portal.is_closed() && (!portal.is_welcomed() || spaces && !portal.is_in_space())
        };
        self.records().portals.values().filter(unfinished).map(|p| p.id).collect()
    }

    /// Returns the portals with a room for which `is_wanted` returns true.
    pub(crate) fn portals_with_rooms(&self, is_wanted: impl Fn(&Portal) -> bool) -> Vec<PortalId> {
        let records = self.records();
        let wanted = records.portals.values().filter(|p| p.own_room().is_some() && is_wanted(p));
        wanted.map(|portal| portal.id).collect()
    }

    /// Returns the portals whose former room the bridge has not left yet.
    pub(crate) fn leaving_portals(&self) -> Vec<PortalId> {
        let leaves = |portal: &&Arc<Portal>| portal.leaving.is_some();
        self.records().portals.values().filter(leaves).map(|portal| portal.id).collect()
    }

    /// Returns the rooms with others that a ghost has to leave, since its contact is no longer
    /// there.
    pub(crate) fn left_groups(&self) -> Vec<(PortalId, OwnedRoomId)> {
        let records = self.records();
        let left = records
            .portals
            .values()
            .flat_map(|portal| portal.groups_left.iter().map(|room| (portal.id, room.clone())));
        left.collect()
    }

    /// Returns the portal whose room was replaced by this one.
    pub(crate) fn portal_moving_to(&self, room: &RoomId) -> Option<Arc<Portal>> {
        let records = self.records();
        records.portals.values().find(|p| p.replacement() == Some(room)).cloned()
    }

    /// Returns the contacts whose room with others was replaced by this one, and who are in none
    /// now.
    pub(crate) fn waiting_for(&self, room: &RoomId) -> Vec<Arc<Portal>> {
        let waits = |portal: &&Arc<Portal>| {
            portal.group.is_none() && portal.group_next.as_deref() == Some(room)
        };
        let mut waiting: Vec<_> = self.records().portals.values().filter(waits).cloned().collect();
        waiting.sort_by_key(|portal| portal.id);
        waiting
    }

    pub(crate) fn put_portal(&self, portal: Portal) {
        let mut records = self.records();
        let before = records.portals.get(&portal.id).cloned();
        let left = before.as_ref().and_then(|before| before.own_room());
        if let Some(left) = left.filter(|left| !portal.owns(left)) {
            records.by_room.remove(left);
        }
        records.by_key.insert(portal.key.clone(), portal.id);
        if let Some(room) = portal.own_room() {
            records.by_room.insert(room.to_owned(), portal.id);
        }
        let old = before.as_ref().and_then(|before| before.group.as_deref());
        if let Some(old) = old.filter(|old| portal.group.as_deref() != Some(old)) {
            records.leave(old, portal.id);
        }
        if let Some(group) = &portal.group {
            records.groups.entry(group.clone()).or_default().insert(portal.id);
        }
        records.portals.insert(portal.id, Arc::new(portal));
    }

    /// Returns the record of this Matrix user; an empty one for a new user.
    pub(crate) fn owner(&self, user: &UserId) -> Arc<Owner> {
        self.records()
            .owners
            .get(user)
            .cloned()
            .unwrap_or_else(|| Arc::new(Owner::new(user.to_owned())))
    }

    pub(crate) fn put_owner(&self, owner: Owner) {
        self.records().owners.insert(owner.user.clone(), Arc::new(owner));
    }

    /// Locks the records, for a look-up and never across an await. A panic while they are locked
    /// cannot leave a record half written, so a poisoned lock is used as it is.
    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn leave(&mut self, group: &RoomId, portal: PortalId) {
        let Some(members) = self.groups.get_mut(group) else { return };
        members.remove(&portal);
        if members.is_empty() {
            self.groups.remove(group);
        }
    }
}

#[cfg(test)]
mod tests {
    use ruma::{owned_room_id, owned_user_id, room_id};

    use super::*;

    #[test]
    fn a_room_has_the_contacts_that_were_brought_into_it_last() {
        let registry = Registry::default();
        let put = |id: u32, group: Option<OwnedRoomId>| {
            let contact = WechatUserId::parse(&format!("o{id}@im.wechat")).unwrap();
            let key = PortalKey { owner: owned_user_id!("@a:b.org"), contact };
            let mut portal = Portal::new(PortalId(id), key, LoginId(id), None);
            portal.group = group;
            registry.put_portal(portal);
        };
        let members = |room: &RoomId| -> Vec<u32> {
            registry.members(room).iter().map(|portal| portal.id.0).collect()
        };
        let (one, two) = (room_id!("!one"), room_id!("!two"));
        put(2, Some(owned_room_id!("!one")));
        put(1, Some(owned_room_id!("!one")));
        assert_eq!((members(one), members(two)), (vec![1, 2], vec![]));
        put(2, Some(owned_room_id!("!two")));
        assert_eq!((members(one), members(two)), (vec![1], vec![2]));
        put(1, None);
        put(2, Some(owned_room_id!("!two")));
        assert_eq!((members(one), members(two)), (vec![], vec![2]));
        assert!(registry.portal_in(two).is_none(), "it is nobody's own room");
    }
}
