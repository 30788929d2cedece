//! Kinds of events for which WeChat has no form: the contact reads them in words.

use ilink_simulator::Kind;
use serde_json::{Value, json};

use crate::support::{Chat, Message, Person, media::Vector, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn polls_places_and_effects_are_told_in_words() {
    let chat = Chat::open().await;
    let words = |text: &str| json!({ "org.matrix.msc1767.text": text });
    let poll = json!({
        "org.matrix.msc1767.text": "Which tea? 1. green 2. black",
        "org.matrix.msc3381.poll.start": {
            "kind": "org.matrix.msc3381.poll.disclosed", "max_selections": 1,
            "question": words("Which tea?"), "answers": [words("green"), words("black")],
        },
    });
    let poll = chat.alice.send(&chat.portal, "org.matrix.msc3381.poll.start", poll).await;
    let relation = json!({ "rel_type": "m.reference", "event_id": poll });
    let vote = json!({
        "m.relates_to": relation, "org.matrix.msc3381.poll.response": { "answers": ["1"] },
    });
    let vote = chat.alice.send(&chat.portal, "org.matrix.msc3381.poll.response", vote).await;
    assert!(chat.wait_answer(&vote).await.contains("this vote stays in Matrix"));
    let end = json!({
        "m.relates_to": relation, "org.matrix.msc3381.poll.end": {},
        "org.matrix.msc1767.text": "The poll has ended. Top answer: green",
    });
    chat.alice.send(&chat.portal, "org.matrix.msc3381.poll.end", end).await;
    let location = json!({
        "msgtype": "m.location", "body": "Location geo:39.9075,116.3972;u=10",
        "geo_uri": "geo:39.9075,116.3972;u=10",
        "org.matrix.msc3488.location": { "uri": "geo:39.9075,116.3972;u=10", "description": "天安门" },
    });
    chat.alice.send(&chat.portal, "m.room.message", location).await;
    let confetti = json!({ "msgtype": "nic.custom.confetti", "body": "hooray 🎉" });
    chat.alice.send(&chat.portal, "m.room.message", confetti).await;
    chat.alice.answer(&chat.portal, &poll, "I asked you").await;
    assert_eq!(
        chat.wait_shown(5).await,
        [
            "📊 Which tea?\n1. green\n2. black",
            "📊 The poll has ended. Top answer: green",
            "📍 天安门\n39.9075, 116.3972\n\
             https://uri.amap.com/marker?position=116.3972,39.9075&coordinate=wgs84",
            "hooray 🎉",
            "「[投票] Which tea?」\nI asked you",
        ]
    );
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_location_is_refused_once_for_each_time_that_it_is_shared() {
    let chat = Chat::open().await;
    let own = chat.alice.user_id.clone();
    let share = async |live: bool| {
        let content = json!({
            "live": live, "timeout": 900_000, "description": "on my way",
            "org.matrix.msc3488.ts": 1, "org.matrix.msc3488.asset": { "type": "m.self" },
        });
        let room = chat.alice.room(&chat.portal);
        let kind = "org.matrix.msc3672.beacon_info";
        let sent = room.send_state_event_raw(kind, &own, content).await.unwrap();
        sent.event_id.to_string()
    };
    for _ in 0..2 {
        let begins = share(true).await;
        let answer = chat.wait_answer(&begins).await;
        assert!(answer.starts_with("⚠️ Live locations do not go to WeChat"), "{answer}");
        for at in ["geo:39.9,116.4", "geo:39.9,116.5"] {
            let beacon = json!({
                "m.relates_to": { "rel_type": "m.reference", "event_id": begins },
                "org.matrix.msc3488.location": { "uri": at }, "org.matrix.msc3488.ts": 1,
            });
            chat.alice.send(&chat.portal, "org.matrix.msc3672.beacon", beacon).await;
        }
        share(false).await;
    }
    // Whatever would have been said of the rest would have been said before this.
    chat.say(&["I am here"]).await;
    assert_eq!(chat.wait_shown(1).await, ["I am here"]);
    assert_eq!(chat.said("⚠️ Live locations"), 2);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_is_told_only_where_the_config_wants_it() {
    let mut chat = Chat::open().await;
    let hers = chat.alice.wait_said(&chat.portal, "hello").await;
    let unwanted = chat.alice.react(&chat.portal, hers.id(), "❤️").await;
    assert!(chat.wait_answer(&unwanted).await.contains("WeChat has no reactions"));

    chat.world
        .reconfigure(|config| config.replace("merge = false", "merge = false\nreactions = true"))
        .await;
    let told = chat.alice.react(&chat.portal, hers.id(), "👍").await;
    assert_eq!(chat.wait_shown(1).await, ["「hello」\n回应了 👍"]);
    let picture = chat.alice.react(&chat.portal, hers.id(), "mxc://b.org/1").await;
    assert!(chat.wait_answer(&picture).await.contains("WeChat has no reactions"));
    // What was told cannot be taken back, and that is said.
    chat.alice.remove(&chat.portal, &told).await;
    chat.alice.wait_said(&chat.portal, "WeChat cannot recall a message").await;
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_told_what_the_config_lets_through() {
    let mut chat = Chat::open().await;
    let kind = "com.beeper.room_features";
    let before = chat.alice.wait(&chat.portal, |m| m.kind() == kind).await;
    for (field, level) in [("edit", 1), ("reaction", -2), ("location_message", 1), ("poll", 1)] {
        assert_eq!(before.content()[field], level, "{field}");
    }

    let switched = "merge = false\nedits = false\nreactions = true";
    chat.world.reconfigure(|config| config.replace("merge = false", switched)).await;
    for text in ["what is new?", "and now?"] {
        chat.hear(text).await;
    }
    let told = |m: &Message| m.kind() == kind && m.content()["edit"] == -2;
    let after = chat.alice.wait(&chat.portal, told).await;
    assert_eq!(after.content()["reaction"], 1);
    assert_eq!(after.0["state_key"], before.0["state_key"]);
    let timeline = chat.alice.timeline(&chat.portal);
    assert_eq!(timeline.iter().filter(|m| m.kind() == kind).count(), 2, "once each");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_what_was_sent_follows_it_unless_the_config_says_no() {
    let mut chat = Chat::open().await;
    let event = chat.say(&["helo"]).await.remove(0);
    chat.phone.wait_text("helo").await;
    chat.alice.edit(&chat.portal, &event, "hello <3").await;
    assert_eq!(chat.wait_shown(2).await, ["helo", "✏️ hello ＜3"]);
    // A command is not for the contact, and neither is what became of it.
    let command = chat.alice.say(&chat.portal, "!wechat pign").await;
    chat.alice.wait_said(&chat.portal, "I do not know the command").await;
    let edit = chat.alice.edit(&chat.portal, &command, "!wechat ping").await;
    assert!(chat.wait_answer(&edit).await.contains("cannot change a message"));

    chat.world
        .reconfigure(|config| config.replace("merge = false", "merge = false\nedits = false"))
        .await;
    let edit = chat.alice.edit(&chat.portal, &event, "good bye").await;
    assert!(chat.wait_answer(&edit).await.contains("cannot change a message that has been sent"));
    assert_eq!(chat.wait_shown(2).await, ["helo", "✏️ hello ＜3"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gallery_arrives_picture_by_picture_below_its_words() {
    let chat = Chat::open().await;
    let vector = Vector::named("image-png");
    chat.phone.sends_image(&vector.plain).await;
    let picture = chat.alice.wait(&chat.portal, |m| m.msgtype() == "m.image").await;
    let url = &picture.content()["url"];
    let item = |more: Value| {
        let mut item = json!({ "itemtype": "m.image", "body": "a.png", "url": url, "info": {} });
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        item
    };
    let file = json!({ "itemtype": "m.file", "filename": "b.bin", "body": "the second" });
    let gallery = json!({
        "msgtype": "dm.filament.gallery", "body": "our trip",
        "itemtypes": [item(json!({})), item(file), item(json!({}))],
    });
    chat.alice.send(&chat.portal, "m.room.message", gallery).await;
    let shown = chat.phone.wait_shows(4).await;
    assert_eq!(shown[0].text, "our trip\nthe second");
    let kinds: Vec<_> = shown[1..].iter().map(|shown| shown.kind).collect();
    assert_eq!(kinds, [Kind::Image, Kind::File, Kind::Image]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_stand_where_matrix_has_ids_and_notices_are_the_owners_alone() {
    let chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let bob = Person::new(Synapse::shared().await, "bob").await;
    let rooms = bob.rooms();
    chat.alice.invite(&chat.portal, &bob.user_id).await;
    bob.wait_new_room(&rooms).await;
    let name = bob.user_id.split([':', '@']).nth(1).unwrap();
    let pill = |user: &str| format!("<a href=\"https://matrix.to/#/{user}\">{user}</a>");
    let content = json!({
        "msgtype": "m.text", "body": format!("{ghost}: and {}?", bob.user_id),
        "format": "org.matrix.custom.html",
        "formatted_body": format!("{}: and <b>{}</b>?", pill(&ghost), pill(&bob.user_id)),
        "m.mentions": { "user_ids": [ghost, bob.user_id] },
    });
    chat.alice.send(&chat.portal, "m.room.message", content).await;
    chat.phone.wait_text(&format!("Mum: and **{name}**?")).await;
    let notice = |text: &str| json!({ "msgtype": "m.notice", "body": text });
    bob.send(&chat.portal, "m.room.message", notice("a build failed")).await;
    chat.alice.send(&chat.portal, "m.room.message", notice("I take note")).await;
    assert_eq!(chat.wait_shown(2).await[1], "I take note");
    chat.world.end().await;
}
