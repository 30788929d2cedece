//! Events in rooms that are no contact's.

use matrix_appservice_wechat::store::Direction;
use serde_json::json;

use crate::{
    from_matrix::{event, said, state},
    homeserver::Call,
    world::{BOT, World, tally},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_any_room_has_one_end() {
    let mut world = World::start().await;
    let (room, ghost) = ("!other:test.example", world.ghost.clone());
    let invite = |id: &str, user: &str, sender: &str| {
        let mut event = state(id, room, "m.room.member", json!({ "membership": "invite" }));
        event["state_key"] = json!(user);
        event["sender"] = json!(sender);
        event
    };
    let cipher = json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x" });
    let owner = crate::world::OWNER;
    let rows = [
        (invite("$1", BOT, owner), "delivered"),
        (invite("$2", BOT, "@stranger:elsewhere.example"), "refused not_allowed"),
        (invite("$3", "@wechat_unknown:test.example", owner), "ignored unknown ghost"),
        (invite("$13", &ghost, owner), "delivered"),
        (
            said("$4", "!third:test.example", json!({ "body": "just talking" })),
            "ignored not a command",
        ),
        (said("$5", room, json!({ "body": "!wechat ping" })), "delivered"),
        (said("$6", room, json!({ "body": "!wechat sing" })), "refused unknown_command"),
        (event("$7", room, "m.room.encrypted", cipher), "refused encrypted"),
        (event("$8", room, "m.sticker", json!({ "body": "s" })), "ignored not a portal"),
        (event("$9", room, "m.poll.start", json!({ "m.poll": {} })), "ignored not a portal"),
        (event("$10", room, "m.call.answer", json!({})), "ignored signal"),
        (state("$11", room, "m.room.name", json!({ "name": "n" })), "ignored not a portal"),
        (state("$14", room, "m.room.avatar", json!({})), "ignored not a portal"),
        (state("$12", room, "m.room.topic", json!({ "topic": "t" })), "ignored state"),
        (state("$15", room, "m.beacon_info", json!({ "live": true })), "ignored not a portal"),
    ];
    for (event, _) in &rows {
        world.push_event(event).await;
    }
    world.settle().await;
    let (homeserver, ledger) = world.end().await;
    assert_eq!(ledger.counts(Direction::ToWechat), tally(rows.iter().map(|(_, end)| *end)));
    assert_eq!(ledger.pending(), 0);
    // The refusals were said: as the reason of a refused invitation, or in the room.
    let calls = homeserver.calls();
    let leaves = calls.iter().filter(|call| call.path.last().is_some_and(|last| last == "leave"));
    let reasons: Vec<_> = leaves.filter_map(|call| call.body["reason"].as_str()).collect();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    let here = |call: &&Call| call.sends("m.room.message") == Some(room);
    let said: Vec<_> = calls.iter().filter(here).map(Call::says).collect();
    assert_eq!(said.len(), 5, "a hello, an answer, the way, and two refusals: {said:?}");
}
