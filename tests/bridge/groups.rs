//! Rooms with several contacts and several people: who gets what, in which order, and what one of
//! them that cannot be reached means for the others.

use std::time::Duration;

use ilink_simulator::{Kind, Reason};
use matrix_appservice_wechat::clock::{Clock, Timestamp};

use crate::support::{Group, Message, Program, Sent, group_texts as texts, picture};

#[tokio::test(flavor = "multi_thread")]
async fn what_one_says_goes_to_all_others_under_their_name() {
    let group = Group::open().await;
    let (alice, bob) = (&group.alice, &group.bob);
    let hi = bob.say(&group.room, "hi all").await;
    for phone in [&group.mum, &group.dad] {
        phone.wait_text(&group.line(bob, "hi all")).await;
    }
    bob.wait_receipt(&group.room, &hi).await;

    group.mum.says("你好").await;
    let said = bob.wait_said(&group.room, "你好").await;
    assert_eq!(said.sender(), group.ghosts[0]);
    group.dad.wait_text("Mum: 你好").await;

    // Each can answer the other, and an image goes the ways that texts go.
    let answered = alice.answer(&group.room, said.id(), "Mum is right").await;
    bob.wait_receipt(&group.room, &answered).await;
    let shown = group.mum.wait_for(|shown| shown.text.ends_with("Mum is right")).await;
    assert!(shown.text.starts_with("「你好」"), "{}", shown.text);
    let shown = group.dad.wait_for(|shown| shown.text.ends_with("Mum is right")).await;
    assert!(shown.text.starts_with("「Mum: 你好」"), "{}", shown.text);
    group.dad.sends_image(&picture("dad")).await;
    group.mum.wait_text("Dad: 📷").await;
    let shown = group.mum.wait_for(|shown| shown.kind == Kind::Image).await;
    assert!(group.mum.opens(&shown) == Some(picture("dad")));
    let bytes = &picture("bob");
    let file = Sent { msgtype: "m.image", name: "bob.png", mime: "image/png", bytes };
    let sent = bob.send_file(&group.room, &file).await;
    bob.wait_receipt(&group.room, &sent).await;
    for phone in [&group.mum, &group.dad] {
        let opened = phone.shows().iter().any(|one| phone.opens(one) == Some(picture("bob")));
        assert!(opened, "{:?}", texts(phone));
    }

    // A quote of what Bob wrote, by the number that Dad's phone has for it.
    let known = group.dad.wait_text(&group.line(bob, "hi all")).await;
    group.dad.quotes(known.message_id, "hi yourself").await;
    let reply = alice.wait_said(&group.room, "hi yourself").await;
    assert_eq!(reply.answers(), Some(hi.as_str()));
    let shown = group.mum.wait_for(|shown| shown.text.ends_with("hi yourself")).await;
    assert!(shown.text.contains("hi all」") && shown.text.contains("Dad: "), "{}", shown.text);
    for (phone, name) in [(&group.mum, "Mum: "), (&group.dad, "Dad: ")] {
        assert!(texts(phone).iter().all(|text| !text.starts_with(name)), "no echo");
    }
    assert_eq!(alice.words(&group.mums, &group.ghosts[0]), [""; 0], "nothing went to Mum's room");
    let status = group.ask("status").await;
    assert!(status.contains("Mum: 0 queued; ") && status.contains("Dad: 0 queued; "), "{status}");
    assert!(status.contains("messages left"), "{status}");
    group.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_must_wait_does_not_hold_up_the_others() {
    let group = Group::silent().await;
    group.mum.says("I am here").await;
    group.alice.wait_said(&group.room, "I am here").await;
    let mut events = Vec::new();
    for text in ["one", "two"] {
        events.push(group.alice.say(&group.room, text).await);
        group.mum.wait_text(&group.line(&group.alice, text)).await;
    }
    for event in &events {
        group.wait_mark(event, "⏳").await;
        assert!(!group.is_unmarked(event).await, "Dad has not got it");
    }
    group.alice.wait_said(&group.room, "Queued: Dad has not written since they were linked").await;
    let status = group.ask("status").await;
    assert!(status.contains("Mum: 0 queued") && status.contains("Dad: 3 queued"), "{status}");
    let queue = group.ask("queue").await;
    assert!(queue.contains("Waiting for Dad") && queue.contains("1. Mum: I am here"), "{queue}");

    // While they wait they can be changed for whom they wait.
    group.alice.edit(&group.room, &events[1], "three").await;
    let gone = group.alice.say(&group.room, "gone").await;
    group.wait_mark(&gone, "⏳").await;
    group.mum.wait_text(&group.line(&group.alice, "gone")).await;
    group.alice.remove(&group.room, &gone).await;
    group.alice.wait_said(&group.room, "still waiting for Dad").await;
    group.alice.wait_said(&group.room, "WeChat cannot recall").await;

    group.dad.says("late").await;
    let line = |text| group.line(&group.alice, text);
    let shown = group.dad.wait_shows(3).await;
    let shown: Vec<_> = shown.into_iter().map(|shown| shown.text).collect();
    assert_eq!(shown, ["Mum: I am here".to_owned(), line("one"), line("three")]);
    for event in &events {
        group.wait_unmarked(event).await;
        assert_eq!(group.marks(event, "⏳"), 1, "one mark for both");
    }
    // Mum got the new words behind the old ones, and the receipt of that message stands for all.
    let has_arrived = |m: &Message| {
        let content = m.content();
        content["status"] == "SUCCESS" && content["m.relates_to"]["event_id"] == *events[1]
    };
    group.alice.wait(&group.room, has_arrived).await;
    group.mum.wait_text("Dad: late").await;
    assert_eq!(group.said("⏳ Queued"), 1, "one notice for the period");

    // Throttled, and one logged out: the other goes on.
    group.world.simulator.expire_session(&group.dad);
    let last = group.alice.say(&group.room, "last").await;
    group.mum.wait_text(&line("last")).await;
    group.wait_mark(&last, "⏳").await;
    group.alice.wait_said(&group.room, "Dad is logged out").await;
    group.mum.says("and I hear").await;
    group.alice.wait_said(&group.room, "and I hear").await;
    assert!(texts(&group.dad).iter().all(|text| !text.ends_with("last")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mark_of_a_message_goes_with_its_last_copy_also_after_a_restart() {
    let mut group = Group::silent().await;
    // Fifty messages wait for Dad alone, so what comes behind them is marked for Mum's sake only.
    for number in 0..50 {
        group.alice.say(&group.dads, &format!("{number}")).await;
    }
    let event = group.alice.say(&group.room, "for both").await;
    group.wait_mark(&event, "⏳").await;
    group.mum.says("here I am").await;
    group.mum.wait_text(&group.line(&group.alice, "for both")).await;
    let heard = group.alice.wait_said(&group.room, "here I am").await;
    let waits = |m: &Message| {
        let content = m.content();
        content["status"] == "PENDING" && content["m.relates_to"]["event_id"] == heard.id()
    };
    group.alice.wait(&group.room, waits).await;
    assert!(!group.is_unmarked(&event).await, "Dad has not got it");

    group.world.stop().await;
    group.world.resume().await;
    group.alice.ask(&group.world, &group.dads, "!wechat queue merge").await;
    group.dad.says("and I").await;
    // What was written in the own room is joined, and nothing of another room with it.
    let all = group.dad.wait_shows(1).await.remove(0).text;
    assert!(all.starts_with("0\n1\n") && all.ends_with("\n49"), "{all}");
    group.dad.wait_text(&group.line(&group.alice, "for both")).await;
    group.dad.wait_text("Mum: here I am").await;
    group.wait_unmarked(&event).await;
    assert_eq!(group.marks(&event, "⏳"), 1);
    group.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_contact_gets_everything_in_order_after_the_pause_and_the_others_at_once() {
    let mut group = Group::open().await;
    group.world.stop().await;
    group.world.clock = Clock::manual(Timestamp(group.world.simulator.now_ms()));
    group.world.resume().await;
    group.world.simulator.throttle_phone(&group.dad, Duration::from_secs(100));
    let (alice, bob) = (&group.alice, &group.bob);
    let mut dads = texts(&group.dad);
    let mut events = Vec::new();
    for (who, text) in [(alice, "one"), (bob, "two")] {
        events.push(who.say(&group.room, text).await);
        dads.push(group.line(who, text));
        group.mum.wait_text(&group.line(who, text)).await;
        group.wait_mark(&events[events.len() - 1], "⏳").await;
    }
    group.mum.says("three").await;
    events.push(alice.wait_said(&group.room, "three").await.id().to_owned());
    dads.push("Mum: three".to_owned());
    group.wait_mark(&events[2], "⏳").await;

    // Dad has been tried once, and the bridge asks again only after the pause.
    alice.wait_said(&group.room, "slow down. I will try again later, or as soon as Dad").await;
    assert_eq!(group.said("WeChat asks me to slow down"), 1, "once, and not for Mum");
    let status = group.ask("status").await;
    assert!(status.contains("Mum: 0 queued; ") && status.contains("Dad: 3 queued; "), "{status}");
    for event in &events {
        assert!(!group.is_unmarked(event).await, "Dad has not got it");
    }
    let throttled = |group: &Group| {
        let dropped = group.world.simulator.dropped().into_iter();
        dropped.filter(|one| one.reason == Reason::Throttled).count()
    };
    assert_eq!(throttled(&group), 1);

    group.world.simulator.advance(Duration::from_secs(101));
    group.world.clock.advance(121_000);
    // Whatever comes into the queue has it looked at again.
    events.push(bob.say(&group.room, "four").await);
    dads.push(group.line(bob, "four"));
    group.dad.wait_shows(dads.len()).await;
    for event in &events[..3] {
        group.wait_unmarked(event).await;
        assert_eq!(group.marks(event, "⏳"), 1);
    }
    bob.wait_receipt(&group.room, &events[3]).await;
    assert_eq!(texts(&group.dad), dads);
    assert_eq!((throttled(&group), group.said("WeChat asks me to slow down")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_contact_does_not_get_is_said_by_name_and_sent_again_to_them_alone() {
    let group = Group::open().await;
    group.world.simulator.ret_next("sendmessage", -3, "invalid argument", 1);
    let event = group.alice.say(&group.room, "hello").await;
    let answer = group.wait_answer(&event).await;
    let (unlucky, lucky) = match answer.split_once(": ") {
        Some(("Mum", _)) => (&group.mum, &group.dad),
        Some(("Dad", _)) => (&group.dad, &group.mum),
        _ => panic!("{answer}"),
    };
    assert!(answer.contains("WeChat refused the message (code -3)"), "{answer}");
    let line = group.line(&group.alice, "hello");
    lucky.wait_text(&line).await;
    group.alice.react(&group.room, &event, "🔁").await;
    unlucky.wait_text(&line).await;
    let next = group.alice.say(&group.room, "next").await;
    group.alice.wait_receipt(&group.room, &next).await;
    for phone in [unlucky, lucky] {
        let times = texts(phone).iter().filter(|text| **text == line).count();
        assert_eq!(times, 1);
    }
    let thumb = group.alice.react(&group.room, &event, "👍").await;
    assert!(group.wait_answer(&thumb).await.contains("no reactions"));
    assert_eq!(group.said("no reactions"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_goes_on_through_restarts_with_nothing_lost_or_doubled() {
    let mut group = Group::silent().await;
    group.mum.says("hello").await;
    group.alice.wait_said(&group.room, "hello").await;
    let (mut mums, mut dads) = (Vec::new(), vec!["Mum: hello".to_owned()]);
    for round in 0..3 {
        let waiting = format!("{round} before");
        group.alice.say(&group.room, &waiting).await;
        mums.push(group.line(&group.alice, &waiting));
        group.mum.wait_shows(mums.len()).await;
        group.world.stop().await;
        let (text, heard) = (format!("{round} meanwhile"), format!("{round} from Mum"));
        group.bob.say(&group.room, &text).await;
        group.mum.says(&heard).await;
        mums.push(group.line(&group.bob, &text));
        // In the middle of all that, and once more.
        Program::start(&group.world).kill_after(Duration::from_millis(300 * round)).await;
        group.world.resume().await;
        group.mum.wait_shows(mums.len()).await;
        group.alice.wait_said(&group.room, &heard).await;
        dads.extend([group.line(&group.alice, &waiting), group.line(&group.bob, &text)]);
        dads.push(format!("Mum: {heard}"));
    }
    group.dad.says("what did I miss?").await;
    group.dad.wait_shows(dads.len()).await;
    group.mum.wait_text("Dad: what did I miss?").await;
    mums.push("Dad: what did I miss?".to_owned());
    assert_eq!(texts(&group.mum), mums);
    // What came from both sides while the bridge was away has no order between the sides.
    let mut shown = texts(&group.dad);
    assert_eq!(shown[0], "Mum: hello");
    shown.sort();
    dads.sort();
    assert_eq!(shown, dads);
    let heard = group.alice.words(&group.room, &group.ghosts[0]);
    assert_eq!(heard, ["hello", "0 from Mum", "1 from Mum", "2 from Mum"]);
    // A request that was sent before the kill and not answered is sent once more.
    let dropped = group.world.simulator.dropped();
    assert!(dropped.iter().all(|one| one.reason == Reason::Repeated), "{dropped:?}");
}

/// Each contact sees of a quoted message what they have themselves, asked when the answer goes.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_contact_of_a_group_never_got_is_not_quoted_to_them() {
    let group = Group::silent().await;
    let (alice, bob) = (&group.alice, &group.bob);
    let first = alice.say(&group.room, "meet at the old mill").await;
    group.wait_mark(&first, "⏳").await;
    let command = alice.say(&group.room, "!wechat status").await;
    alice.wait_after(&group.room, &command, |m| m.is_notice_of(&group.bot)).await;
    bob.wait_said(&group.room, "!wechat status").await;
    let second = bob.answer(&group.room, &first, "fine with me").await;
    let third = bob.answer(&group.room, &command, "what is that?").await;
    for event in [&second, &third] {
        group.wait_mark(event, "⏳").await;
    }
    group.mum.says("I am here").await;
    let (said, fine) = (group.line(alice, "meet at the old mill"), group.line(bob, "fine with me"));
    group.mum.wait_text(&format!("「{said}」\n{fine}")).await;
    group.mum.wait_text(&group.line(bob, "what is that?")).await;

    // Dad has not got it, and does not get it any more.
    alice.remove(&group.room, &first).await;
    alice.wait_said(&group.room, "taken").await;
    group.dad.says("and I").await;
    group.dad.wait_text(&group.line(bob, "what is that?")).await;
    let of_dad = texts(&group.dad);
    assert!(of_dad.contains(&fine), "{of_dad:?}");
    assert!(of_dad.iter().all(|text| !text.contains("old mill") && !text.contains("!wechat")));
    group.world.end().await;
}
