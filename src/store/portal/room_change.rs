//! What is asked of a portal's room, and how the room changes.

use ruma::{OwnedRoomId, RoomId};

use super::{
    Leaving, Portal,
    room::{OpenRoom, PortalRoom},
};

/// Questions about the room.
impl Portal {
    /// Returns the portal's own room and what is known of it.
    pub fn open_room(&self) -> Option<&OpenRoom> {
        self.room.open()
    }

    /// Returns the id of the portal's own room.
    pub fn own_room(&self) -> Option<&RoomId> {
        self.open_room().map(|room| &*room.id)
    }

    /// Returns whether a room is the portal's own.
    pub fn owns(&self, room: &RoomId) -> bool {
        self.own_room() == Some(room)
    }

    /// Returns whether the room was closed: no other is made before the contact writes.
    pub fn is_closed(&self) -> bool {
        self.room == PortalRoom::Closed
    }

    /// Returns whether the owner was invited into the room and greeted there.
    pub fn is_welcomed(&self) -> bool {
        self.open_room().is_some_and(|room| room.welcomed)
    }

    /// Returns whether the room is in the owner's space, or was refused there.
    pub fn is_in_space(&self) -> bool {
        self.open_room().is_some_and(|room| room.in_space)
    }

    /// Returns the replacement that the bridge cannot enter yet.
    pub fn replacement(&self) -> Option<&RoomId> {
        match &self.room {
            PortalRoom::Upgrading { to, .. } => Some(to),
            PortalRoom::Wanted | PortalRoom::Open(_) | PortalRoom::Closed => None,
        }
    }

    /// Returns the room in which the contact's messages are shown.
    pub fn place(&self) -> Option<&RoomId> {
        self.group.as_deref().or(self.own_room())
    }

    /// Returns how many rooms the portal had before this one.
    pub fn generation(&self) -> u32 {
        self.generation
    }
}

/// Changes of the room.
impl Portal {
    /// Records a room that was made, or found under the portal's alias. `capabilities` is the list
    /// that it was made with.
    pub fn open(&mut self, id: OwnedRoomId, capabilities: Option<String>) {
        if !self.owns(&id) {
            self.forget_room();
            let (welcomed, in_space) = (false, false);
            self.room = PortalRoom::Open(OpenRoom { id, welcomed, in_space, capabilities });
        }
    }

    /// Records that the owner was invited and greeted, unless the room is another by now.
    pub fn welcome(&mut self, room: &RoomId) {
        self.in_room(room, |room| room.welcomed = true);
    }

    /// Records that a room is in the owner's space or was refused there, unless the portal has
    /// another room by now.
    pub fn put_in_space(&mut self, room: &RoomId) {
        self.in_room(room, |room| room.in_space = true);
    }

    /// Forgets that the room is in the owner's space, so that it is put there again.
    pub fn take_from_space(&mut self) {
        if let Some(room) = self.room.open_mut() {
            room.in_space = false;
        }
    }

    /// Records the list of what WeChat accepts that a room has in its state, unless the portal has
    /// another room by now.
    pub fn show_capabilities(&mut self, room: &RoomId, list: String) {
        self.in_room(room, |room| room.capabilities = Some(list));
    }

    /// Records the replacement of the room, for as long as the bridge cannot enter it. A portal
    /// without a room has nothing that is replaced.
    pub fn upgrade(&mut self, to: OwnedRoomId) {
        if let Some(from) = std::mem::take(&mut self.room).into_open() {
            self.room = PortalRoom::Upgrading { from, to };
        }
    }

    /// Keeps the room that it has: what was named as the replacement is none.
    pub fn stay(&mut self) {
        if let PortalRoom::Upgrading { from, .. } = &self.room {
            self.room = PortalRoom::Open(from.clone());
        }
    }

    /// Moves into the replacement, where the owner is already.
    pub fn follow(&mut self, id: OwnedRoomId) {
        self.forget_room();
        let (welcomed, in_space, capabilities) = (true, false, None);
        self.room = PortalRoom::Open(OpenRoom { id, welcomed, in_space, capabilities });
    }

    /// Forgets a room to which the ghost cannot return; the next message makes another.
    pub fn lose(&mut self, room: &RoomId) {
        if self.owns(room) {
            self.forget_room();
        }
    }

    /// Closes the room, which is then to be left. `dropped` is the number of messages that waited
    /// and are not sent; `tell`, whether the owner is told elsewhere.
    pub fn close(&mut self, dropped: usize, tell: bool) {
        if let Some(OpenRoom { id: room, in_space, .. }) = self.forget_room() {
            self.leaving = Some(Leaving { room, in_space, dropped, tell });
        }
        self.room = PortalRoom::Closed;
    }

    /// Has a room made again, where it was closed.
    pub fn reopen(&mut self) {
        if self.is_closed() {
            self.room = PortalRoom::Wanted;
        }
    }

    /// Records that the bridge has left a room that was closed.
    pub fn leave(&mut self, left: &Leaving) {
        self.leaving = self.leaving.take().filter(|leaving| leaving != left);
    }

    /// Takes the room away; the next one is another.
    fn forget_room(&mut self) -> Option<OpenRoom> {
        let had = std::mem::take(&mut self.room).into_open();
        self.generation += u32::from(had.is_some());
        had
    }

    fn in_room(&mut self, id: &RoomId, change: impl FnOnce(&mut OpenRoom)) {
        if let Some(room) = self.room.open_mut().filter(|room| room.id == id) {
            change(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use ruma::{owned_room_id, owned_user_id, room_id};

    use super::*;
    use crate::id::{LoginId, PortalId, PortalKey, WechatUserId};

    fn portal() -> Portal {
        let contact = WechatUserId::parse("o1@im.wechat").unwrap();
        let key = PortalKey { owner: owned_user_id!("@a:b.org"), contact };
        Portal::new(PortalId(7), key, LoginId(3), None)
    }

    #[test]
    fn a_room_is_closed_and_the_next_one_is_another() {
        let (first, mut portal) = (owned_room_id!("!first"), portal());
        portal.open(first.clone(), Some("caps".into()));
        portal.welcome(&first);
        portal.put_in_space(&first);
        portal.close(2, true);
        let leaving = Leaving { room: first, in_space: true, dropped: 2, tell: true };
        assert!(portal.is_closed() && portal.place().is_none());
        assert_eq!((&portal.leaving, portal.generation()), (&Some(leaving.clone()), 1));

        portal.reopen();
        portal.open(owned_room_id!("!second"), None);
        assert!(!portal.is_closed() && !portal.is_welcomed() && !portal.is_in_space());
        portal.leave(&leaving);
        assert_eq!((&portal.leaving, portal.generation()), (&None, 1));
    }

    #[test]
    fn a_room_that_is_closed_twice_is_still_left() {
        let mut portal = portal();
        portal.open(owned_room_id!("!one"), None);
        portal.close(0, true);
        portal.close(0, false);
        assert_eq!(portal.leaving.map(|leaving| leaving.room), Some(owned_room_id!("!one")));
    }

    #[test]
    fn what_is_said_of_a_room_counts_for_that_room_alone() {
        let (mut portal, old) = (portal(), room_id!("!old"));
        portal.welcome(old);
        portal.upgrade(owned_room_id!("!new"));
        assert_eq!((portal.open_room(), portal.replacement()), (None, None));

        portal.open(owned_room_id!("!new"), None);
        portal.welcome(old);
        portal.put_in_space(old);
        portal.show_capabilities(old, "caps".into());
        portal.lose(old);
        assert!(portal.owns(room_id!("!new")) && !portal.is_welcomed() && !portal.is_in_space());
        assert_eq!(portal.open_room().unwrap().capabilities, None);
    }

    #[test]
    fn a_portal_follows_its_room_or_stays() {
        let (mut portal, new) = (portal(), owned_room_id!("!new"));
        portal.open(owned_room_id!("!old"), None);
        portal.upgrade(new.clone());
        assert!(portal.owns(room_id!("!old")));
        assert_eq!(portal.replacement(), Some(&*new));
        portal.stay();
        assert_eq!(portal.replacement(), None);
        portal.upgrade(new.clone());
        portal.follow(new.clone());
        assert!(portal.owns(&new) && portal.is_welcomed());
        assert_eq!((portal.replacement(), portal.generation()), (None, 1));
    }
}
