//! The whole policy as a table: a line for each act, a column for each actor.

use ruma::room_id;

use super::{Act, Actor, Doubt, Person, RoomRules, Ruling, Successor, after_prefix, decide};
use crate::{bridge::text::SendRefusal, config::Level};

const ACTORS: [Actor; 8] = [
    Actor::Owner,
    Actor::RelayGuest,
    Actor::OtherUser,
    Actor::Stranger,
    Actor::OtherBot,
    Actor::Contact,
    Actor::AnotherContact,
    Actor::Bridge,
];

/// `+` allowed, `.` left alone, `N` not allowed, `R` relay off, `Y` not yours, `E` no edit.
///
/// Columns: owner, guest, other user, stranger, bot, contact, another contact, bridge. Blocks: the
/// contact's own room; a room with others; the own room with `relay off`; the own room with `relay
/// off` and a message of another user; a room with others and such a message; a message of another
/// room.
#[rustfmt::skip]
const TABLE: [(Act, [&str; 6]); 16] = [
    //                 own room    group       relay off   others'+off group,others' elsewhere
    (Act::FirstSend,  ["+++N....", "+++N..+.", "+RRN....", "+RRN....", "+++N..+.", "+++N..+."]),
    (Act::Edit,       ["+++N....", "+++N..+.", "+RRN....", "ERRN....", "EEEN..+.", "EEEN..+."]),
    (Act::Resend,     ["+++N....", "+++N..+.", "+RRN....", "+YYN....", "+YYN..+.", "+YYN..+."]),
    (Act::Redaction,  ["+++.....", "+++...+.", "+++.....", "+.......", "+.......", "........"]),
    (Act::Reaction,   ["+++N....", "+++N..+.", "+RRN....", "+RRN....", "+++N..+.", "+++N..+."]),
    (Act::Thread,     ["+++N....", "+++N..+.", "+RRN....", "+RRN....", "+++N..+.", "+++N..+."]),
    (Act::Reply,      ["+++N....", "+++N..+.", "+RRN....", "+RRN....", "+++N..+.", "+++N..+."]),
    (Act::Typing,     ["+++.....", "+++.....", "+.......", "+.......", "+++.....", "+++....."]),
    (Act::Command,    ["+++N....", "+++N....", "+++N....", "+++N....", "+++N....", "+++N...."]),
    (Act::Rename,     ["+.......", "........", "+.......", "+.......", "........", "........"]),
    (Act::Picture,    ["+.......", "........", "+.......", "+.......", "........", "........"]),
    (Act::Tombstone,  ["++++....", "++++....", "++++....", "++++....", "++++....", "++++...."]),
    (Act::Invitation, ["+N+N....", "+N+N....", "+N+N....", "+N+N....", "+N+N....", "+N+N...."]),
    (Act::Queue,      ["+.......", "+.+.....", "+.......", "+.......", "+.+.....", "........"]),
    (Act::Drop,       ["+.......", "+.+.....", "+.......", "+.......", "+.......", "........"]),
    (Act::Merge,      ["+.......", "+.......", "+.......", "+.......", "+.......", "........"]),
];

/// Returns the rules of each block of the table.
fn blocks() -> [RoomRules; 6] {
    let own = RoomRules::new(false, false);
    let (group, off) = (RoomRules::new(false, true), RoomRules::new(true, false));
    let of_another = |rules| RoomRules { authored_by_actor: false, ..rules };
    let elsewhere = RoomRules { written_here: false, ..of_another(group) };
    [own, group, off, of_another(off), of_another(group), elsewhere]
}

#[test]
fn every_actor_and_every_act_have_one_ruling() {
    for (act, lines) in TABLE {
        for (rules, line) in blocks().into_iter().zip(lines) {
            assert_eq!(line.len(), ACTORS.len(), "{act:?}");
            for (actor, sign) in ACTORS.into_iter().zip(line.chars()) {
                let expected = match sign {
                    '+' => Ruling::Allowed,
                    '.' => Ruling::LeftAlone,
                    'N' => Ruling::Refused(SendRefusal::NotAllowed),
                    'R' => Ruling::Refused(SendRefusal::RelayOff),
                    'Y' => Ruling::Refused(SendRefusal::NotYours),
                    'E' => Ruling::Refused(SendRefusal::Edit),
                    other => panic!("{other}"),
                };
                assert_eq!(decide(actor, act, rules), expected, "{actor:?} {act:?} {rules:?}");
            }
        }
    }
}

#[test]
fn whose_power_reaches_takes_back_the_messages_of_others() {
    for (actor, expected) in [
        (Actor::RelayGuest, Ruling::Allowed),
        (Actor::OtherUser, Ruling::Allowed),
        (Actor::Stranger, Ruling::LeftAlone),
        (Actor::Contact, Ruling::LeftAlone),
    ] {
        let rules = RoomRules { authored_by_actor: false, ..RoomRules::new(false, true) };
        let rules = RoomRules { may_moderate: true, ..rules };
        assert_eq!(decide(actor, Act::Redaction, rules), expected, "{actor:?}");
        let elsewhere = RoomRules { written_here: false, ..rules };
        assert_eq!(decide(actor, Act::Redaction, elsewhere), Ruling::LeftAlone, "{actor:?}");
    }
}

#[test]
fn a_person_is_what_their_permission_makes_them() {
    for (level, is_owner, is_notice, expected) in [
        (None, true, false, Actor::Stranger),
        (None, false, true, Actor::Stranger),
        (Some(Level::Relay), false, false, Actor::RelayGuest),
        (Some(Level::Relay), true, false, Actor::Owner),
        (Some(Level::User), false, false, Actor::OtherUser),
        (Some(Level::Admin), false, false, Actor::OtherUser),
        (Some(Level::User), false, true, Actor::OtherBot),
        (Some(Level::User), true, true, Actor::Owner),
    ] {
        let person = Person { level, is_owner, is_notice };
        assert_eq!(Actor::of_person(person), expected, "{person:?}");
    }
}

#[test]
fn a_room_replaces_another_only_when_nothing_speaks_against_it() {
    let (old, other) = (room_id!("!old:b.org"), room_id!("!other:b.org"));
    let good = Successor {
        old,
        predecessor: Some(old),
        creator_may_upgrade: true,
        owner_is_in: true,
        is_taken: false,
    };
    for (successor, doubt) in [
        (good, None),
        (Successor { is_taken: true, ..good }, Some(Doubt::Taken)),
        (Successor { predecessor: None, ..good }, Some(Doubt::OtherPredecessor)),
        (Successor { predecessor: Some(other), ..good }, Some(Doubt::OtherPredecessor)),
        (Successor { creator_may_upgrade: false, ..good }, Some(Doubt::CreatorMayNot)),
        (Successor { owner_is_in: false, ..good }, Some(Doubt::OwnerOutside)),
    ] {
        assert_eq!(successor.doubt(), doubt, "{successor:?}");
    }
}

#[test]
fn what_is_meant_for_the_bot_is_a_command_in_every_spelling() {
    for (body, command) in [
        ("!wechat queue", Some("queue")),
        ("  !WeChat\tlogout Mum", Some("logout Mum")),
        ("> <@a:b.org> hello\n\n!wechat retry", Some("retry")),
        ("!wechat", Some("")),
        ("!wechats", None),
        ("say !wechat", None),
        ("", None),
    ] {
        assert_eq!(after_prefix(body, "!wechat"), command, "{body}");
    }
    assert_eq!(after_prefix("queue", ""), None);
}
