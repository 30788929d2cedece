//! Replies from Matrix: one line above the text tells the contact what it answers to.

use ilink_simulator::{Fault, Kind};
use serde_json::json;

use crate::support::{Chat, Person, Proxy, Trouble, media::Vector, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_begins_with_what_it_answers_to() {
    let chat = Chat::open().await;
    let hers = chat.alice.wait_said(&chat.portal, "hello").await;
    let long = format!("a <long> text, {}", "字".repeat(60));
    chat.alice.answer(&chat.portal, hers.id(), &long).await;
    let long = chat.alice.wait_said(&chat.portal, "a <long> text").await;
    chat.alice.answer(&chat.portal, long.id(), "shorter").await;
    // What older clients add for those that show no replies.
    let fallback = json!({
        "msgtype": "m.text", "body": "> <@mum:b.org> hello\n\n<3",
        "format": "org.matrix.custom.html",
        "formatted_body": "<mx-reply><blockquote>hello</blockquote></mx-reply>&lt;3",
        "m.relates_to": { "m.in_reply_to": { "event_id": hers.id() } },
    });
    chat.alice.send(&chat.portal, "m.room.message", fallback).await;
    let thread = json!({
        "msgtype": "m.text", "body": "in a thread",
        "m.relates_to": {
            "rel_type": "m.thread", "event_id": hers.id(), "is_falling_back": true,
            "m.in_reply_to": { "event_id": long.id() },
        },
    });
    chat.alice.send(&chat.portal, "m.room.message", thread).await;
    let begun = "a ＜long＞ text, ";
    assert_eq!(
        chat.wait_shown(4).await,
        [
            format!("「hello」\n{begun}{}", "字".repeat(60)),
            format!("「{begun}{}…」\nshorter", "字".repeat(40 - begun.chars().count())),
            "「hello」\n＜3".to_owned(),
            "「hello」\nin a thread".to_owned(),
        ]
    );
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_named_by_its_kind_and_a_file_that_answers_comes_after_the_line() {
    let chat = Chat::open().await;
    let vector = Vector::named("image-png");
    chat.phone.sends_image(&vector.plain).await;
    let picture = chat.alice.wait(&chat.portal, |m| m.msgtype() == "m.image").await;
    chat.alice.answer(&chat.portal, picture.id(), "nice").await;
    chat.phone.wait_text("「[图片]」\nnice").await;
    let mut file = picture.content().clone();
    file["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": picture.id() } });
    chat.alice.send(&chat.portal, "m.room.message", file).await;
    let shown = chat.phone.wait_shows(3).await;
    assert_eq!(shown[1].text, "「[图片]」");
    assert_eq!(shown[2].kind, Kind::Image);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_is_named_and_the_bridge_is_not_quoted() {
    let chat = Chat::open().await;
    let bob = Person::new(Synapse::shared().await, "bob").await;
    let rooms = bob.rooms();
    chat.alice.invite(&chat.portal, &bob.user_id).await;
    bob.wait_new_room(&rooms).await;
    let his = bob.say(&chat.portal, "I am here").await;
    chat.alice.answer(&chat.portal, &his, "so am I").await;
    let name = bob.user_id.split([':', '@']).nth(1).unwrap();
    chat.phone.wait_text(&format!("「{name}: I am here」\nso am I")).await;
    let notice = chat.alice.wait_said(&chat.portal, "your chat with Mum").await;
    chat.alice.answer(&chat.portal, notice.id(), "I see").await;
    chat.phone.wait_text("I see").await;
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_a_reply_that_waits_keeps_its_line_also_after_a_restart() {
    let mut chat = Chat::silent().await;
    let events = chat.say_waiting(&["one"]).await;
    let reply = chat.alice.answer(&chat.portal, &events[0], "tow").await;
    chat.wait_mark(&reply, "⏳").await;
    chat.alice.edit(&chat.portal, &reply, "two").await;
    assert!(chat.ask("queue").await.ends_with("\n1. one\n2. two"));
    chat.world.stop().await;
    chat.world.resume().await;
    chat.hear("here I am").await;
    assert_eq!(chat.wait_shown(2).await, ["one", "「one」\ntwo"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tried_goes_out_the_same_whatever_became_of_what_it_answers_to() {
    let mut chat = Chat::open().await;
    let first = chat.say(&["one"]).await.remove(0);
    chat.phone.wait_text("one").await;
    chat.world.simulator.standing_fault("sendmessage", Some(Fault::Hang));
    chat.alice.answer(&chat.portal, &first, "two").await;
    let client_id = chat.wait_tried("「one」\ntwo").await;
    chat.world.stop().await;
    chat.alice.remove(&chat.portal, &first).await;
    chat.world.simulator.clear_faults();
    chat.world.resume().await;
    chat.phone.wait_text("「one」\ntwo").await;
    let tried = chat.requests().into_iter().skip(1);
    assert!(tried.inspect(|id| assert_eq!(*id, client_id)).count() >= 2);
    assert_eq!(chat.wait_shown(2).await, ["one", "「one」\ntwo"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_to_what_the_homeserver_does_not_hand_out_goes_without_its_line() {
    let mut chat = Chat::open().await;
    let hers = chat.alice.wait_said(&chat.portal, "hello").await;
    chat.alice.answer(&chat.portal, "$nowhere", "to nothing").await;
    chat.phone.wait_text("to nothing").await;

    let proxy = Proxy::to(&chat.world.slot.base_url).await;
    let (direct, through) = (chat.world.slot.base_url.clone(), proxy.url());
    chat.world.reconfigure(|config| config.replacen(&direct, &through, 1)).await;
    proxy.trouble("/event/", Trouble::Page(500));
    chat.alice.answer(&chat.portal, hers.id(), "all the same").await;
    chat.alice.say(&chat.portal, "and on").await;
    chat.phone.wait_text("and on").await;
    assert_eq!(chat.wait_shown(3).await, ["to nothing", "all the same", "and on"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_quoted_that_the_contact_never_got() {
    let chat = Chat::open().await;
    let bob = Person::new(Synapse::shared().await, "bob").await;
    let rooms = bob.rooms();
    chat.alice.invite(&chat.portal, &bob.user_id).await;
    bob.wait_new_room(&rooms).await;
    chat.ask("relay off").await;
    let his = bob.say(&chat.portal, "between us").await;
    chat.wait_answer(&his).await;
    let command = chat.alice.say(&chat.portal, "!wechat status").await;
    chat.alice.wait_said(&chat.portal, "what others write stays in the room").await;
    let notice = chat.alice.wait_said(&chat.portal, "your chat with Mum").await;
    for (event, text) in [(&*his, "one"), (&*command, "two"), (notice.id(), "three")] {
        chat.alice.answer(&chat.portal, event, text).await;
    }
    let mut thread = json!({ "msgtype": "m.text", "body": "four" });
    thread["m.relates_to"] = json!({ "rel_type": "m.thread", "event_id": his });
    chat.alice.send(&chat.portal, "m.room.message", thread).await;
    assert_eq!(chat.wait_shown(4).await, ["one", "two", "three", "four"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_quoted_is_asked_when_the_answer_goes_out() {
    let chat = Chat::silent().await;
    let events = chat.say_waiting(&["a secret", "a tyop", "stays"]).await;
    for (event, text) in [(&events[0], "one"), (&events[1], "two"), (&events[2], "three")] {
        let reply = chat.alice.answer(&chat.portal, event, text).await;
        chat.wait_mark(&reply, "⏳").await;
    }
    chat.alice.remove(&chat.portal, &events[0]).await;
    chat.alice.wait_said(&chat.portal, "I have taken it back").await;
    chat.alice.edit(&chat.portal, &events[1], "a typo").await;
    assert!(chat.ask("queue").await.contains("a typo"));
    chat.hear("here I am").await;
    let shown = ["a typo", "stays", "one", "「a typo」\ntwo", "「stays」\nthree"];
    assert_eq!(chat.wait_shown(5).await, shown);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_edited_text_the_version_that_the_contact_has_is_quoted() {
    let mut chat = Chat::open().await;
    let first = chat.say(&["old words"]).await.remove(0);
    chat.phone.wait_text("old words").await;
    chat.alice.edit(&chat.portal, &first, "newer words").await;
    chat.phone.wait_text("✏️ newer words").await;
    chat.alice.answer(&chat.portal, &first, "one").await;
    chat.phone.wait_text("「newer words」\none").await;
    chat.world
        .reconfigure(|config| config.replace("merge = false", "merge = false\nedits = false"))
        .await;
    let edit = chat.alice.edit(&chat.portal, &first, "never sent").await;
    chat.wait_answer(&edit).await;
    chat.alice.answer(&chat.portal, &first, "two").await;
    chat.phone.wait_text("「newer words」\ntwo").await;
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_to_what_the_contact_never_got_is_not_told() {
    let mut chat = Chat::open().await;
    chat.world
        .reconfigure(|config| config.replace("merge = false", "merge = false\nreactions = true"))
        .await;
    let command = chat.alice.say(&chat.portal, "!wechat status").await;
    chat.alice.wait_said(&chat.portal, "Mum: ").await;
    let thumb = chat.alice.react(&chat.portal, &command, "👍").await;
    assert!(chat.wait_answer(&thumb).await.contains("does not have the message"));
    let notice = chat.alice.wait_said(&chat.portal, "your chat with Mum").await;
    chat.alice.react(&chat.portal, notice.id(), "🎉").await;
    chat.say(&["and on"]).await;
    assert_eq!(chat.wait_shown(1).await, ["and on"]);
    assert_eq!(chat.said("does not have the message"), 1);
    chat.world.end().await;
}
