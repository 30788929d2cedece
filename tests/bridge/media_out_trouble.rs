//! Files from Matrix to WeChat when something is in the way.

use ilink_simulator::{Fault, Reason};

use crate::support::{Chat, Program, picture};

#[tokio::test(flavor = "multi_thread")]
async fn a_cdn_that_fails_now_and_then_gets_the_file_once() {
    let chat = Chat::open().await;
    let simulator = &chat.world.simulator;
    // Three tries make one upload; what comes after them is an upload of its own.
    for (name, endpoint, fault, times) in [
        ("a.png", "upload", Fault::Status(502), 2),
        ("b.png", "upload", Fault::Empty, 1),
        ("c.png", "upload", Fault::Refuse, 4),
        ("d.png", "getuploadurl", Fault::Status(503), 1),
        ("e.png", "getuploadurl", Fault::Garbage, 1),
        ("f.png", "sendmessage", Fault::Cut, 1),
    ] {
        let shown = chat.phone.shows().len();
        simulator.fault(endpoint, fault, times);
        let sent = chat.send_picture(name, None).await;
        chat.alice.wait_receipt(&chat.portal, &sent, &chat.bot).await;
        let opened = chat.wait_opened(shown + 1).await;
        assert_eq!(opened.len(), shown + 1);
        assert!(opened[shown].1 == picture(name), "{name} arrived as another picture");
    }
    assert_eq!(chat.said("⚠️") + chat.said("⏳"), 0);
    let dropped = simulator.dropped();
    assert!(dropped.iter().all(|one| one.reason == Reason::Repeated), "{dropped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_wechat_refuses_is_said_and_sent_once_more_on_request() {
    let chat = Chat::open().await;
    let simulator = &chat.world.simulator;
    simulator.fault("upload", Fault::Status(403), 1);
    let first = chat.send_picture("a.png", Some("look")).await;
    let answer = chat.wait_answer(&first).await;
    assert!(answer.contains("WeChat refused the message (code 403)"), "{answer}");
    simulator.ret_next("getuploadurl", -1, "", 1);
    let second = chat.send_picture("b.png", None).await;
    let answer = chat.wait_answer(&second).await;
    assert!(answer.contains("WeChat refused the message (code -1)"), "{answer}");
    chat.wait_status(&second, "FAIL_PERMANENT").await;
    assert!(chat.phone.shows().is_empty(), "no words without their picture");

    chat.alice.react(&chat.portal, &first, "🔁").await;
    chat.wait_status(&first, "SUCCESS").await;
    chat.alice.answer(&chat.portal, &second, "!wechat retry").await;
    chat.wait_status(&second, "SUCCESS").await;
    let shown = chat.wait_opened(3).await;
    assert_eq!(shown[0].0, "look");
    assert!(shown[1].1 == picture("a.png") && shown[2].1 == picture("b.png"));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_at_an_upload_holds_the_file_for_the_next() {
    let chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    chat.world.simulator.ret_next("getuploadurl", -14, "session timeout", 1);
    let sent = chat.send_picture("cat.png", None).await;
    chat.wait_mark(&sent, "⏳").await;
    chat.alice.wait_said(&chat.portal, "Queued: Mum is logged out").await;
    let linking = chat.world.begin(&chat.alice, "relogin Mum").await;
    chat.phone.scan(&linking.url).await.unwrap();
    chat.phone.confirm().await.unwrap();
    chat.alice.wait_said(&room, "Mum is linked again").await;
    chat.hear("linked").await;
    chat.wait_unmarked(&sent).await;
    assert!(chat.wait_opened(1).await[0].1 == picture("cat.png"));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_throttled_waits_for_the_contact() {
    let chat = Chat::open().await;
    chat.world.simulator.ret_next("getuploadurl", -2, "prepare failed", 1);
    let sent = chat.send_picture("cat.png", Some("look")).await;
    chat.alice.wait_said(&chat.portal, "WeChat asks me to slow down").await;
    chat.wait_mark(&sent, "⏳").await;
    chat.hear("go on").await;
    chat.wait_unmarked(&sent).await;
    let shown = chat.wait_opened(2).await;
    assert!(shown[0].0 == "look" && shown[1].1 == picture("cat.png"));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_files_is_said_and_tried_until_it_does() {
    let chat = Chat::open().await;
    chat.world.simulator.standing_fault("getuploadurl", Some(Fault::Status(502)));
    let sent = chat.send_picture("cat.png", None).await;
    chat.alice.wait_said(&chat.portal, "WeChat's server is not answering").await;
    chat.wait_mark(&sent, "⏳").await;
    chat.world.simulator.clear_faults();
    chat.wait_unmarked(&sent).await;
    assert!(chat.wait_opened(1).await[0].1 == picture("cat.png"));
    assert_eq!(chat.said("⏳"), 1);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_uploaded_once_and_sent_as_the_same_one_after_a_kill() {
    // The first try never gets through; that of the second is taken and its answer lost.
    for fault in [Fault::Hang, Fault::Cut] {
        let mut chat = Chat::open().await;
        chat.world.stop().await;
        let program = Program::start(&chat.world);
        chat.world.simulator.fault("sendmessage", fault, 1);
        let sent = chat.send_picture("cat.png", None).await;
        let simulator = &chat.world.simulator;
        let tried = simulator.wait_request(|request| request.endpoint() == "sendmessage").await;
        program.kill().await;

        chat.world.resume().await;
        chat.wait_status(&sent, "SUCCESS").await;
        let shown = chat.wait_opened(1).await;
        assert!(shown.len() == 1 && shown[0].1 == picture("cat.png"));
        assert_eq!(chat.uploads(), 1);
        let simulator = &chat.world.simulator;
        let sends = simulator.requests().into_iter().filter(|r| r.endpoint() == "sendmessage");
        assert!(
            sends
                .into_iter()
                .all(|r| r.json()["msg"]["item_list"] == tried.json()["msg"]["item_list"])
        );
        let dropped = simulator.dropped();
        assert!(dropped.iter().all(|one| one.reason == Reason::Repeated), "{dropped:?}");
    }
}
