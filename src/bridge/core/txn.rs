//! The transaction ids of requests that must not take effect twice.
//!
//! An id is derived from the cause of its request, so a request that is repeated after a crash has
//! its earlier id. Therefore the text of an id must never change.

use std::fmt;

use ruma::{EventId, RoomId};

use crate::{
    clock::Timestamp,
    id::{InboxId, LoginId, MessageId, PortalId},
};

/// A request to the homeserver, named by its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Txn<'a> {
    /// The answer to a command.
    Answer(&'a EventId),
    /// The result of another try to bring an item.
    Again(&'a EventId),
    /// The notice that a window closes while messages wait.
    Closes { portal: PortalId, heard: Timestamp },
    /// The notice in a room that it is closed.
    Closed(PortalId),
    /// The notice to the owner that a room was closed.
    ClosedFor(&'a RoomId),
    /// The redaction of a login's digits.
    Digits(&'a EventId),
    /// The notice that a room is encrypted.
    Encrypted(&'a RoomId),
    /// The notice that WeChat will not accept a message.
    Failed(InboxId),
    /// The notice that a login receives more messages than are accepted; `digest` stands for the
    /// first of them.
    Flood { login: LoginId, digest: &'a str },
    /// The notice that a ghost was removed from a contact's room.
    GhostOut(&'a EventId),
    /// The redaction of the mark of a message that waited.
    Goes(&'a EventId),
    /// The greeting in the new room of a contact.
    Greeting(PortalId),
    /// The notice that a contact is in their own room again.
    GroupBack { portal: PortalId, cause: &'a str },
    /// The notice that contacts have followed into the room that replaced theirs.
    GroupFollowed(&'a str),
    /// The notice that a contact could not follow into that room.
    GroupLeftBehind { portal: PortalId, cause: &'a str },
    /// The notice in a contact's own room that they are now in another one.
    GroupMoved { portal: PortalId, cause: &'a str },
    /// The notice that a room with contacts was replaced by one that is no upgrade of it.
    GroupNotReplaced(&'a str),
    /// The notice that asks the owner to invite a ghost into this room.
    GhostWanted(&'a RoomId),
    /// The notice that a room with contacts was replaced by one that the bridge cannot enter.
    GroupReplaced(&'a str),
    /// The greeting of the bot in a room that it has joined.
    Hello(&'a EventId),
    /// The bot has made a room for itself and a user.
    HelloThere(&'a RoomId),
    /// The notice why messages wait; `portal` where several contacts are in the room.
    Held { portal: Option<PortalId>, event: &'a EventId, code: &'static str, since: Timestamp },
    /// The message that shows the login of this command.
    Login(&'a EventId),
    /// The end of the login of this command.
    LoginEnd(&'a EventId),
    /// The redaction of that login's QR code.
    LoginGone(&'a EventId),
    /// An edit of the login's message by the run of the bridge that began at `started`.
    LoginEdit { event: &'a EventId, started: Timestamp, edit: u32 },
    /// The notice that WeChat ended a session.
    Lost { login: LoginId, at: Timestamp },
    /// The notice that a portal continues in another room.
    Moved(PortalId),
    /// The notice in a contact's own room that a command has moved them to another one.
    MovedBy(&'a EventId),
    /// The notice that a contact's room cannot be made.
    NoRoom(PortalId),
    /// The notice to administrators that the account of a login's owner is deactivated.
    OwnerGone(LoginId),
    /// The notice that a message from WeChat is set aside, `before` of them before this one.
    PoisonEntry { entry: InboxId, before: u32 },
    /// The notice that an event from Matrix was set aside.
    PoisonEvent(&'a EventId),
    /// The notice that few sends are left in a window.
    Quota { portal: PortalId, heard: Timestamp },
    /// The notice why an event was not bridged.
    Refuse { event: &'a EventId, code: &'static str },
    /// The notice that the homeserver refused a message from WeChat.
    Refused(InboxId),
    /// The notice that a portal's room was replaced by one that is no upgrade of it.
    NotReplaced(&'a RoomId),
    /// The notice that a portal's room was replaced by one that the bridge cannot enter.
    Replaced(&'a RoomId),
    /// The notice that a session that WeChat ended at that time works again.
    SessionBack { login: LoginId, ended: Timestamp },
    /// The status of a message, for clients that show it.
    Status { event: &'a EventId, word: &'a str },
    /// The notice of a redacted message; `portal` where several contacts had it.
    TakenBack { event: &'a EventId, portal: Option<PortalId> },
    /// The notice of a ghost that tells the way to the contact's room.
    There(&'a EventId),
    /// The mark of a message that WeChat accepted without an id.
    Unconfirmed(&'a EventId),
    /// The notice that WeChat returns no ids any more.
    UnconfirmedRun { portal: PortalId, heard: Timestamp, sends: u32 },
    /// The mark of a message that waits.
    Waits(&'a EventId),
    /// The copy of a message that came into a room after its owner had left.
    Unseen(&'a EventId),
    /// An item of a message from WeChat.
    Item { login: LoginId, message: ItemOf<'a>, item: u16 },
    /// A request that accompanies an item.
    Beside { item: &'a str, what: Beside },
}

/// The message to which an item belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemOf<'a> {
    /// The message with this id.
    Message(&'a MessageId),
    /// A message without an id, identified by the number of its entry, which is as lasting.
    Entry(InboxId),
}

/// A request that accompanies an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    /// The redaction of the notice of an item that was brought later.
    Brought,
    /// The notice that a file is not what was announced.
    Differs,
    /// The redaction of the item.
    Gone,
    /// The notice that the item could not be brought and is kept.
    Kept,
    /// A further part of a long text.
    Part(u16),
    /// The file that the item quotes.
    Quoted,
}

impl Txn<'_> {
    /// Returns the id of a part; the first part has the id of the whole.
    pub(crate) fn part(&self, number: usize) -> String {
        if number == 0 { self.to_string() } else { format!("{self}.{number}") }
    }
}

impl fmt::Display for Txn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(event) => write!(f, "answer-{event}"),
            Self::Again(event) => write!(f, "again-{event}"),
            Self::Closes { portal, heard } => write!(f, "closes-{portal}-{}", heard.0),
            Self::Closed(portal) => write!(f, "closed-{portal}"),
            Self::ClosedFor(room) => write!(f, "closed-for-{room}"),
            Self::Digits(event) => write!(f, "digits-{event}"),
            Self::Encrypted(room) => write!(f, "encrypted-{room}"),
            Self::Failed(entry) => write!(f, "failed-{entry}"),
            Self::Flood { login, digest } => write!(f, "flood-{login}-{digest}"),
            Self::GhostOut(event) => write!(f, "ghost-out-{event}"),
            Self::Goes(event) => write!(f, "goes-{event}"),
            Self::Greeting(portal) => write!(f, "greeting-{portal}"),
            Self::GroupBack { portal, cause } => write!(f, "back-{portal}-{cause}"),
            Self::GroupFollowed(cause) => write!(f, "followed-{cause}"),
            Self::GroupLeftBehind { portal, cause } => write!(f, "left-behind-{portal}-{cause}"),
            Self::GroupMoved { portal, cause } => write!(f, "moved-{portal}-{cause}"),
            Self::GhostWanted(room) => write!(f, "ghost-wanted-{room}"),
            Self::GroupNotReplaced(cause) => write!(f, "group-not-replaced-{cause}"),
            Self::GroupReplaced(cause) => write!(f, "group-replaced-{cause}"),
            Self::Hello(event) => write!(f, "hello-{event}"),
            Self::HelloThere(room) => write!(f, "hello-there-{room}"),
            Self::Held { portal: Some(portal), event, code, since } => {
                write!(f, "held-{portal}-{event}-{code}-{}", since.0)
            }
            Self::Held { portal: None, event, code, since } => {
                write!(f, "held-{event}-{code}-{}", since.0)
            }
            Self::Login(event) => write!(f, "login-{event}"),
            Self::LoginEnd(event) => write!(f, "login-end-{event}"),
            Self::LoginGone(event) => write!(f, "login-gone-{event}"),
            Self::LoginEdit { event, started, edit } => {
                write!(f, "login-{event}-{}-{edit}", started.0)
            }
            Self::Lost { login, at } => write!(f, "lost-{login}-{}", at.0),
            Self::Moved(portal) => write!(f, "moved-{portal}"),
            Self::MovedBy(event) => write!(f, "moved-{event}"),
            Self::NoRoom(portal) => write!(f, "no-room-{portal}"),
            Self::OwnerGone(login) => write!(f, "owner-gone-{login}"),
            Self::PoisonEntry { entry, before } => write!(f, "poison-{entry}-{before}"),
            Self::PoisonEvent(event) => write!(f, "poison-{event}"),
            Self::Quota { portal, heard } => write!(f, "quota-{portal}-{}", heard.0),
            Self::Refuse { event, code } => write!(f, "refuse-{event}-{code}"),
            Self::Refused(entry) => write!(f, "refused-{entry}"),
            Self::NotReplaced(room) => write!(f, "not-replaced-{room}"),
            Self::Replaced(room) => write!(f, "replaced-{room}"),
            Self::SessionBack { login, ended } => write!(f, "back-{login}-{}", ended.0),
            Self::Status { event, word } => write!(f, "status-{event}-{word}"),
            Self::TakenBack { event, portal: None } => write!(f, "taken-back-{event}"),
            Self::TakenBack { event, portal: Some(portal) } => {
                write!(f, "taken-back-{event}-{portal}")
            }
            Self::There(event) => write!(f, "there-{event}"),
            Self::Unconfirmed(event) => write!(f, "unconfirmed-{event}"),
            Self::UnconfirmedRun { portal, heard, sends } => {
                write!(f, "unconfirmed-{portal}-{}-{sends}", heard.0)
            }
            Self::Waits(event) => write!(f, "waits-{event}"),
            Self::Unseen(event) => write!(f, "unseen-{event}"),
            Self::Item { login, message, item } => write!(f, "w{login}.{message}.{item}"),
            Self::Beside { item, what } => write!(f, "{item}.{what}"),
        }
    }
}

impl fmt::Display for ItemOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(id) => f.write_str(id.as_str()),
            Self::Entry(entry) => write!(f, "i{entry}"),
        }
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Brought => f.write_str("brought"),
            Self::Differs => f.write_str("differs"),
            Self::Gone => f.write_str("gone"),
            Self::Kept => f.write_str("kept"),
            Self::Part(number) => write!(f, "{number}"),
            Self::Quoted => f.write_str("quoted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use ruma::{event_id, room_id};

    use super::*;

    /// Returns each kind of request, once for each combination of these causes.
    fn all<'a>(
        event: &'a EventId,
        room: &'a RoomId,
        message: &'a MessageId,
        number: u32,
        at: Timestamp,
    ) -> Vec<Txn<'a>> {
        let (portal, login, entry) = (PortalId(number), LoginId(number), InboxId(number.into()));
        let cause = event.as_str();
        let of_event = [Txn::Answer, Txn::Again, Txn::Digits, Txn::GhostOut, Txn::Goes, Txn::Hello]
            .into_iter()
            .chain([Txn::Login, Txn::LoginEnd, Txn::LoginGone, Txn::MovedBy, Txn::PoisonEvent])
            .chain([Txn::There, Txn::Unconfirmed, Txn::Unseen, Txn::Waits]);
        let mut all: Vec<_> = of_event.map(|kind| kind(event)).collect();
        all.extend(
            [Txn::ClosedFor, Txn::Encrypted, Txn::HelloThere, Txn::NotReplaced, Txn::Replaced]
                .map(|kind| kind(room)),
        );
        all.extend([Txn::Closed, Txn::Greeting, Txn::Moved, Txn::NoRoom].map(|kind| kind(portal)));
        all.extend([Txn::Failed, Txn::Refused].map(|kind| kind(entry)));
        all.extend(
            [Txn::GroupFollowed, Txn::GroupNotReplaced, Txn::GroupReplaced].map(|kind| kind(cause)),
        );
        all.extend(["poison", "call"].map(|code| Txn::Refuse { event, code }));
        all.extend(["SUCCESS", "PENDING"].map(|word| Txn::Status { event, word }));
        for portal in [None, Some(portal)] {
            all.push(Txn::Held { portal, event, code: "quota_spent", since: at });
            all.push(Txn::TakenBack { event, portal });
        }
        all.extend([
            Txn::Closes { portal, heard: at },
            Txn::Flood { login, digest: cause },
            Txn::GroupBack { portal, cause },
            Txn::GroupLeftBehind { portal, cause },
            Txn::GroupMoved { portal, cause },
            Txn::LoginEdit { event, started: at, edit: number },
            Txn::Lost { login, at },
            Txn::OwnerGone(login),
            Txn::PoisonEntry { entry, before: number },
            Txn::Quota { portal, heard: at },
            Txn::SessionBack { login, ended: at },
            Txn::UnconfirmedRun { portal, heard: at, sends: number },
        ]);
        for message in [ItemOf::Message(message), ItemOf::Entry(entry)] {
            all.extend([0, 12].map(|item| Txn::Item { login, message, item }));
        }
        all
    }

    #[test]
    fn different_causes_have_different_ids() {
        let events = [
            event_id!("$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg"),
            event_id!("$sRqnc-F-1-12-JTyHq_iKxU2bZ1CI92-kuZq3a5lr5Z"),
            event_id!("$1:example.org"),
        ];
        let rooms = [room_id!("!a:example.org"), room_id!("!1:example.org")];
        let messages = ["1", "12", "7412345678901234567"].map(|id| MessageId::parse(id).unwrap());
        let mut known: HashMap<String, String> = HashMap::new();
        let mut count = 0;
        let mut note = |id: String, cause: String| {
            if let Some(other) = known.insert(id.clone(), cause.clone()) {
                assert_eq!(other, cause, "both are {id}");
            }
            count += 1;
        };
        for event in events {
            for room in rooms {
                for message in &messages {
                    for (number, at) in [(1, 2), (1, 12), (11, 2), (12, 1), (2, -1)] {
                        for txn in all(event, room, message, number, Timestamp(at)) {
                            let (id, cause) = (txn.to_string(), format!("{txn:?}"));
                            if let Txn::Item { .. } = txn {
                                use Beside::{Brought, Differs, Gone, Kept, Part, Quoted};
                                for what in [Brought, Differs, Gone, Kept, Part(1), Quoted] {
                                    let beside = Txn::Beside { item: &id, what }.to_string();
                                    note(beside, format!("{what:?} of {cause}"));
                                }
                            }
                            note(id, cause);
                        }
                    }
                }
            }
        }
        assert!(count > 1_000, "{count}");
    }

    #[test]
    fn an_id_is_spelled_as_it_always_was() {
        let (event, room) = (event_id!("$e"), room_id!("!r:b.org"));
        let message = MessageId::parse("77").unwrap();
        let mut spelled: Vec<_> =
            all(event, room, &message, 3, Timestamp(5)).iter().map(ToString::to_string).collect();
        spelled.sort();
        let expected = [
            "again-$e",
            "answer-$e",
            "back-3-$e",
            "back-3-5",
            "closed-3",
            "closed-for-!r:b.org",
            "closes-3-5",
            "digits-$e",
            "encrypted-!r:b.org",
            "failed-3",
            "flood-3-$e",
            "followed-$e",
            "ghost-out-$e",
            "goes-$e",
            "greeting-3",
            "group-not-replaced-$e",
            "group-replaced-$e",
            "held-$e-quota_spent-5",
            "held-3-$e-quota_spent-5",
            "hello-$e",
            "hello-there-!r:b.org",
            "left-behind-3-$e",
            "login-$e",
            "login-$e-5-3",
            "login-end-$e",
            "login-gone-$e",
            "lost-3-5",
            "moved-$e",
            "moved-3",
            "moved-3-$e",
            "no-room-3",
            "not-replaced-!r:b.org",
            "owner-gone-3",
            "poison-$e",
            "poison-3-3",
            "quota-3-5",
            "refuse-$e-call",
            "refuse-$e-poison",
            "refused-3",
            "replaced-!r:b.org",
            "status-$e-PENDING",
            "status-$e-SUCCESS",
            "taken-back-$e",
            "taken-back-$e-3",
            "there-$e",
            "unconfirmed-$e",
            "unconfirmed-3-5-3",
            "unseen-$e",
            "w3.77.0",
            "w3.77.12",
            "w3.i3.0",
            "w3.i3.12",
            "waits-$e",
        ];
        assert_eq!(spelled, expected);
    }

    #[test]
    fn what_stands_beside_an_item_has_its_id_with_a_word() {
        let besides = [
            (Beside::Brought, "w3.77.0.brought"),
            (Beside::Differs, "w3.77.0.differs"),
            (Beside::Gone, "w3.77.0.gone"),
            (Beside::Kept, "w3.77.0.kept"),
            (Beside::Part(2), "w3.77.0.2"),
            (Beside::Quoted, "w3.77.0.quoted"),
        ];
        for (what, expected) in besides {
            assert_eq!(Txn::Beside { item: "w3.77.0", what }.to_string(), expected);
        }
        let answer = Txn::Answer(event_id!("$e"));
        assert_eq!([0, 1].map(|part| answer.part(part)), ["answer-$e", "answer-$e.1"]);
    }
}
