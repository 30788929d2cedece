//! Every type of Matrix event in a contact's room.

use matrix_appservice_wechat::store::{Direction, SourceState};
use ruma::events::{StateEventType, TimelineEventType};
use serde_json::{Value, json};

use crate::{
    homeserver::Call,
    world::{BOT, OWNER, World, name_of, tally},
};

/// How the bridge has to end an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The event is on the phone.
    Sent,
    /// The event was handled, and the phone has nothing of it.
    Done,
    /// The event was not bridged, and one notice that replies to it says why.
    Refused(&'static str),
    /// The event was left alone on purpose.
    Ignored(&'static str),
    /// The end is counted without a record of its own: the event cannot be known again, or is known
    /// already.
    Counted(&'static str),
}

/// Messages, by msgtype: what becomes of each.
const MESSAGES: &[(&str, End)] = &[
    ("m.text", End::Sent),
    ("m.emote", End::Sent),
    ("m.notice", End::Sent),
    ("m.image", End::Sent),
    ("m.file", End::Sent),
    ("m.audio", End::Sent),
    ("m.video", End::Sent),
    ("m.location", End::Sent),
    ("m.server_notice", End::Refused("other")),
    ("m.key.verification.request", End::Ignored("signal")),
    ("m.gallery", End::Refused("file_missing")),
    ("dm.filament.gallery", End::Refused("file_missing")),
    ("nic.custom.confetti", End::Sent),
    ("org.example.card", End::Sent),
];

/// Returns other events of the timeline, with a content that makes them what they are.
fn timeline() -> Vec<(&'static str, Value, End)> {
    let poll = json!({ "m.text": "a poll", "m.poll": { "answers": [] } });
    let riddle = json!({ "m.poll": { "answers": [] } });
    let of = |id: &str| json!({ "m.relates_to": { "rel_type": "m.reference", "event_id": id } });
    let heart = json!({ "rel_type": "m.annotation", "event_id": "$first", "key": "❤" });
    let again = json!({ "rel_type": "m.annotation", "event_id": "$first", "key": "🔁" });
    let picture = json!({ "body": "cat", "url": "mxc://test.example/cat", "info": {} });
    let cipher = json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x" });
    vec![
        ("m.sticker", picture, End::Sent),
        ("m.reaction", json!({ "m.relates_to": heart }), End::Refused("reaction")),
        ("m.reaction", json!({ "m.relates_to": again }), End::Sent),
        ("m.room.redaction", json!({ "redacts": "$first" }), End::Refused("redaction")),
        ("m.room.redaction", json!({ "redacts": "$nobody" }), End::Ignored("redaction")),
        ("m.room.encrypted", cipher, End::Refused("encrypted")),
        ("m.poll.start", poll.clone(), End::Sent),
        ("org.matrix.msc3381.poll.start", poll, End::Sent),
        ("m.poll.start", riddle, End::Refused("poll")),
        ("m.poll.response", of("$first"), End::Refused("vote")),
        ("m.poll.end", of("$first"), End::Sent),
        ("org.matrix.msc3381.poll.response", of("$first"), End::Refused("vote")),
        ("org.matrix.msc3381.poll.end", of("$first"), End::Sent),
        ("m.call.invite", json!({ "call_id": "1", "version": "1" }), End::Refused("call")),
        ("org.matrix.msc4075.rtc.notification", of("$first"), End::Refused("call")),
        ("m.beacon", of("$first"), End::Ignored("live location")),
        ("org.matrix.msc3672.beacon", of("$first"), End::Ignored("live location")),
        // Extensible events, which no client sends yet.
        ("org.matrix.msc1767.message", json!({}), End::Refused("other")),
        ("org.matrix.msc1767.file", json!({}), End::Refused("other")),
        ("org.example.unheard_of", json!({ "a": 1 }), End::Refused("other")),
    ]
}

/// Events with which clients speak to each other.
const SIGNALS: &[&str] = &[
    "m.call.answer",
    "m.call.candidates",
    "m.call.hangup",
    "m.call.negotiate",
    "m.call.reject",
    "m.call.select_answer",
    "m.call.sdp_stream_metadata_changed",
    "org.matrix.call.sdp_stream_metadata_changed",
    "m.key.verification.ready",
    "m.key.verification.start",
    "m.key.verification.cancel",
    "m.key.verification.accept",
    "m.key.verification.key",
    "m.key.verification.mac",
    "m.key.verification.done",
];

/// State that a room can have and that would mean nothing to the contact.
const STATE: &[&str] = &[
    "m.room.aliases",
    "m.room.canonical_alias",
    "m.room.create",
    "m.room.encryption",
    "m.room.guest_access",
    "m.room.history_visibility",
    "m.room.join_rules",
    "m.room.pinned_events",
    "m.room.power_levels",
    "m.room.server_acl",
    "m.room.third_party_invite",
    "m.room.topic",
    "m.policy.rule.room",
    "m.policy.rule.server",
    "m.policy.rule.user",
    "m.space.child",
    "m.space.parent",
    "org.matrix.msc3401.call.member",
    "org.example.unheard_of",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_event_has_one_end_and_a_refusal_says_why() {
    let mut world = World::start().await;
    world.open_window().await;
    let mut cases = vec![(said("$first", &world.room, json!({ "body": "first" })), End::Sent)];
    world.push_event(&cases[0].0).await;
    world.settle().await;
    for some in everything(&world).chunks(8) {
        // WeChat takes ten messages for each of the contact's.
        world.open_window().await;
        for (event, end) in some {
            world.push_event(event).await;
            cases.push((event.clone(), *end));
        }
    }
    world.open_window().await;
    // What was pushed comes once more: in another transaction, and twice in one.
    let twice = said("$twice", &world.room, json!({ "body": "twice" }));
    world.push(&json!({ "events": [cases[0].0, twice, twice] })).await;
    world.push(&json!({ "ephemeral": ephemeral(&world.room) })).await;
    world.settle().await;

    let sent: Vec<_> = world.phone.shows().into_iter().map(|shown| shown.text).collect();
    let (homeserver, ledger) = world.end().await;
    let calls = homeserver.calls();
    for (event, end) in &cases {
        let id = event["event_id"].as_str().unwrap_or_default();
        let expected = match end {
            End::Sent | End::Done => Some("delivered".to_owned()),
            End::Refused(why) => Some(format!("refused {why}")),
            End::Ignored(why) => Some(format!("ignored {why}")),
            End::Counted(_) => None,
        };
        if let Some(expected) = expected {
            let state = ledger.end_of(id);
            let Some(SourceState::Finished { outcome, .. }) = state else {
                panic!("{event} has no end: {state:?}");
            };
            assert_eq!(name_of(&outcome), expected, "{event}");
        }
        let notices = refusals(&calls, id);
        let wanted = usize::from(matches!(end, End::Refused(_)));
        assert_eq!(notices.len(), wanted, "{event}: {notices:?}");
        assert!(notices.iter().all(|notice| notice.starts_with('⚠')), "{notices:?}");
    }
    let mut names: Vec<_> = cases.iter().map(|(_, end)| end.name()).collect();
    names.extend(["delivered", "ignored again", "ignored again"].map(str::to_owned));
    names.extend(ephemeral("").iter().map(|_| "ignored ephemeral".to_owned()));
    assert_eq!(
        ledger.counts(Direction::ToWechat),
        tally(names.iter().map(String::as_str)),
        "each of what was pushed is in exactly one count"
    );
    assert_eq!(ledger.pending(), 0);
    // The event that was pushed twice, and the words of the sticker, count too.
    let expected_sent = cases.iter().filter(|(_, end)| *end == End::Sent).count() + 2;
    assert_eq!(sent.len(), expected_sent, "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_contact_is_queued_and_said_once() {
    let mut world = World::start().await;
    for id in ["$one", "$two"] {
        let event = said(id, &world.room, json!({ "body": id }));
        world.push_event(&event).await;
    }
    for id in ["$one", "$two"] {
        let marks = |call: &Call| {
            let relation = &call.body["m.relates_to"];
            (call.sends("m.reaction").is_some() && relation["event_id"] == id)
                .then(|| relation["key"].clone())
        };
        assert_eq!(world.homeserver.wait(marks).await, "⏳");
    }
    world.settle_to(2).await;
    let (homeserver, ledger) = world.end().await;
    let calls = homeserver.calls();
    assert_eq!(calls.iter().filter(|call| call.says().starts_with('⏳')).count(), 1);
    assert_eq!(ledger.end_of("$one"), Some(SourceState::Pending));
    assert_eq!(ledger.end_of("$two"), Some(SourceState::Pending));
    assert_eq!((ledger.pending(), ledger.counts(Direction::ToWechat)), (2, tally([])));
}

/// A crash may have come when the name was written down and not shown yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_known_already_is_shown_again() {
    let mut world = World::start().await;
    for id in ["$once", "$again"] {
        let name = state(id, &world.room, "m.room.name", json!({ "name": "Mother" }));
        world.push_event(&name).await;
    }
    world.settle().await;
    let (homeserver, _) = world.end().await;
    let calls = homeserver.calls().into_iter();
    let shown = calls.filter(|call| call.body["displayname"] == "Mother (WeChat)");
    assert_eq!(shown.count(), 2);
}

#[test]
fn the_types_in_the_tables_are_those_of_the_specification() {
    let custom = |known: String| !known.starts_with("m.") && !known.starts_with("org.matrix.");
    for event_type in SIGNALS.iter().copied().chain(timeline().iter().map(|row| row.0)) {
        let read = format!("{:?}", TimelineEventType::from(event_type));
        let is_known = !read.contains("_Custom");
        assert!(
            is_known || custom(event_type.to_owned()) || OUTSIDE.contains(&event_type),
            "{read}"
        );
    }
    for event_type in STATE {
        let read = format!("{:?}", StateEventType::from(*event_type));
        assert!(!read.contains("_Custom") || OUTSIDE.contains(event_type), "{read}");
    }
}

/// Types that this version of ruma has no name for.
const OUTSIDE: &[&str] = &["org.matrix.msc4075.rtc.notification"];

impl End {
    fn name(self) -> String {
        match self {
            Self::Sent | Self::Done => "delivered".to_owned(),
            Self::Refused(why) => format!("refused {why}"),
            Self::Ignored(why) | Self::Counted(why) => format!("ignored {why}"),
        }
    }
}

/// Returns one event for each row of the tables, and the odd ones.
fn everything(world: &World) -> Vec<(Value, End)> {
    let room = &world.room;
    let mut all = Vec::new();
    for (number, (msgtype, end)) in MESSAGES.iter().enumerate() {
        let content = json!({
            "msgtype": msgtype, "body": "a body", "url": "mxc://test.example/file",
            "geo_uri": "geo:1,2", "info": {},
        });
        all.push((event(&format!("$msg{number}"), room, "m.room.message", content), *end));
    }
    let rows = timeline().into_iter();
    let signals = SIGNALS.iter().map(|kind| (*kind, json!({}), End::Ignored("signal")));
    for (number, (kind, content, end)) in rows.chain(signals).enumerate() {
        all.push((event(&format!("$line{number}"), room, kind, content), end));
    }
    for (number, kind) in STATE.iter().enumerate() {
        let state = state(&format!("$state{number}"), room, kind, json!({}));
        all.push((state, End::Ignored("state")));
    }
    all.extend(messages_of_other_forms(room));
    all.extend(live_locations(room));
    all.extend(changes_of_the_room(room, &world.ghost));
    all.extend(malformed(world));
    all
}

fn messages_of_other_forms(room: &str) -> Vec<(Value, End)> {
    let replaces = json!({ "rel_type": "m.replace", "event_id": "$first" });
    let edit = json!({ "body": "* b", "m.new_content": { "msgtype": "m.text", "body": "b" }, "m.relates_to": replaces });
    let reply =
        json!({ "body": "a reply", "m.relates_to": { "m.in_reply_to": { "event_id": "$first" } } });
    let thread = json!({ "body": "in a thread", "m.relates_to": { "rel_type": "m.thread", "event_id": "$first" } });
    let html =
        json!({ "body": "b", "format": "org.matrix.custom.html", "formatted_body": "<b>b</b>" });
    let command = json!({ "body": "!wechat ping" });
    let mut stranger = said("$form-stranger", room, json!({ "body": "who am I" }));
    stranger["sender"] = json!("@stranger:elsewhere.example");
    vec![
        (said("$form-edit", room, edit), End::Sent),
        (said("$form-reply", room, reply), End::Sent),
        (said("$form-thread", room, thread), End::Sent),
        (said("$form-html", room, html), End::Sent),
        (said("$form-empty", room, json!({ "body": " " })), End::Ignored("empty")),
        (said("$form-command", room, command), End::Done),
        (stranger, End::Refused("not_allowed")),
    ]
}

/// Returns live locations, each of which is refused once, where it begins.
fn live_locations(room: &str) -> Vec<(Value, End)> {
    let ends = [json!({ "live": false }), json!({}), json!({ "live": "yes" })];
    let begins = json!({ "live": true, "timeout": 60_000, "description": "on my way" });
    let mut all = Vec::new();
    for (number, kind) in ["m.beacon_info", "org.matrix.msc3672.beacon_info"].iter().enumerate() {
        let share = |id: &str, content: Value| {
            let mut share = state(&format!("$share{number}-{id}"), room, kind, content);
            share["state_key"] = json!(OWNER);
            share
        };
        all.push((share("begins", begins.clone()), End::Refused("live_location")));
        all.extend(ends.iter().enumerate().map(|(end, content)| {
            (share(&format!("end{end}"), content.clone()), End::Ignored("live location"))
        }));
    }
    all
}

fn changes_of_the_room(room: &str, ghost: &str) -> Vec<(Value, End)> {
    let member = |id: &str, user: &str, membership: &str| {
        let mut event = state(id, room, "m.room.member", json!({ "membership": membership }));
        event["state_key"] = json!(user);
        event
    };
    let name = |id: &str, name: &str| state(id, room, "m.room.name", json!({ "name": name }));
    let face = |id: &str, content: Value| state(id, room, "m.room.avatar", content);
    // By itself, which is not to be followed.
    let tombstone = json!({ "body": "moved", "replacement_room": room });
    vec![
        (member("$member1", OWNER, "join"), End::Ignored("membership")),
        (member("$member2", "@bob:test.example", "invite"), End::Ignored("membership")),
        (member("$member3", "@bob:test.example", "knock"), End::Ignored("membership")),
        (member("$member4", "@bob:test.example", "odd"), End::Ignored("membership")),
        (member("$member5", "@bob:test.example", "leave"), End::Ignored("state")),
        (member("$member6", "@bob:test.example", "ban"), End::Ignored("state")),
        (member("$member7", BOT, "invite"), End::Done),
        (member("$member8", ghost, "leave"), End::Done),
        (member("$member9", ghost, "invite"), End::Done),
        (name("$name1", "Mother"), End::Done),
        (name("$name2", ""), End::Ignored("state")),
        (face("$face1", json!({ "url": "mxc://test.example/face" })), End::Done),
        (face("$face2", json!({ "url": "https://test.example/face" })), End::Ignored("state")),
        (face("$face3", json!({})), End::Done),
        (state("$tombstone", room, "m.room.tombstone", tombstone), End::Ignored("tombstone")),
    ]
}

/// Returns what is no event, what lacks what makes it one, and what the bridge itself has sent.
fn malformed(world: &World) -> Vec<(Value, End)> {
    let room = &world.room;
    let mut all: Vec<_> = [json!(null), json!([]), json!("x"), json!(7), json!({})]
        .into_iter()
        .map(|odd| (odd, End::Counted("malformed")))
        .collect();
    for field in ["event_id", "room_id", "sender", "type"] {
        let mut broken = said(&format!("$without-{field}"), room, json!({ "body": "b" }));
        broken.as_object_mut().unwrap().remove(field);
        all.push((broken, End::Counted("malformed")));
    }
    for (number, content) in
        [json!({}), json!(null), json!([]), json!({ "msgtype": 7 })].iter().enumerate()
    {
        let kinds = ["m.room.message", "m.sticker", "m.reaction", "m.room.redaction"];
        let polls = ["m.poll.start", "org.matrix.msc3381.poll.end"];
        let polls = polls.into_iter().filter(|_| content.get("msgtype").is_none());
        for kind in kinds.into_iter().chain(polls) {
            let id = format!("$unusable-{number}-{kind}");
            all.push((event(&id, room, kind, content.clone()), End::Ignored("unusable")));
        }
    }
    for (number, sender) in [BOT, world.ghost.as_str()].into_iter().enumerate() {
        let mut own = said(&format!("$own{number}"), room, json!({ "body": "mine" }));
        own["sender"] = json!(sender);
        all.push((own, End::Counted("own")));
    }
    all
}

fn ephemeral(room: &str) -> Vec<Value> {
    vec![
        json!({ "type": "m.typing", "room_id": room, "content": { "user_ids": [OWNER] } }),
        json!({ "type": "m.receipt", "room_id": room, "content": {} }),
        json!({ "type": "m.presence", "sender": OWNER, "content": { "presence": "online" } }),
    ]
}

/// Returns what the bot said in reply to an event.
fn refusals<'a>(calls: &'a [Call], event: &str) -> Vec<&'a str> {
    let notices = calls.iter().filter(|call| {
        call.sends("m.room.message").is_some()
            && call.user == BOT
            && call.body["msgtype"] == "m.notice"
    });
    notices
        .filter(|call| !event.is_empty() && call.replies_to() == Some(event))
        .map(Call::says)
        .collect()
}

pub(crate) fn said(id: &str, room: &str, mut content: Value) -> Value {
    content["msgtype"] = json!("m.text");
    event(id, room, "m.room.message", content)
}

pub(crate) fn event(id: &str, room: &str, kind: &str, content: Value) -> Value {
    json!({
        "type": kind, "event_id": id, "room_id": room, "sender": OWNER,
        "origin_server_ts": 1, "content": content,
    })
}

pub(crate) fn state(id: &str, room: &str, kind: &str, content: Value) -> Value {
    let mut event = event(id, room, kind, content);
    event["state_key"] = json!("");
    event
}
