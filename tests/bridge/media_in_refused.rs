//! The homeserver does not take what came from WeChat, whatever it said of its limits: the owner
//! hears why, the log says it once, and `retry` brings it when the homeserver has changed its mind.

use crate::support::{Chat, Program, Proxy, Trouble, media::Vector, program};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upload_is_said_once_and_comes_by_retry() {
    let mut chat = Chat::open().await;
    let proxy = Proxy::to(&chat.world.slot.base_url).await;
    let (direct, through) = (chat.world.slot.base_url.clone(), proxy.url());
    chat.world.stop().await;
    let config = std::fs::read_to_string(chat.world.config_path()).unwrap();
    std::fs::write(chat.world.config_path(), config.replacen(&direct, &through, 1)).unwrap();
    let program = Program::start(&chat.world);

    let refusals = [
        (Trouble::Refusal(413, "M_TOO_LARGE"), "it is larger than the homeserver allows"),
        (Trouble::PageAtOnce(413), "it is larger than the homeserver allows"),
        (Trouble::Refusal(403, "M_FORBIDDEN"), "the homeserver refused it"),
        (Trouble::Refusal(403, "M_RESOURCE_LIMIT_EXCEEDED"), "the homeserver refused it"),
    ];
    for (trouble, cause) in refusals {
        refuse_and_retry(&chat, &proxy, trouble, cause).await;
    }
    assert_eq!(program.stop().await, Some(0));

    let log = std::fs::read_to_string(program::log_path(&chat.world)).unwrap();
    let warned = |line: &&str| line.contains("WARN") || line.contains("ERROR");
    let warnings: Vec<_> = log.lines().filter(warned).collect();
    let tries = 2 * refusals.len();
    assert_eq!(warnings.len(), tries, "one line for each try: {warnings:#?}");
    let said = |line: &&str| line.contains("the homeserver does not take a file");
    assert!(warnings.iter().all(said), "{warnings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_that_answers_everything_but_uploads_is_not_waited_for() {
    let mut chat = Chat::open().await;
    let proxy = Proxy::to(&chat.world.slot.base_url).await;
    let (direct, through) = (chat.world.slot.base_url.clone(), proxy.url());
    chat.world.reconfigure(|config| config.replacen(&direct, &through, 1)).await;
    let Chat { alice, portal, phone, .. } = &chat;
    for trouble in [Trouble::Refusal(500, "M_UNKNOWN"), Trouble::Page(403)] {
        let met = proxy.met();
        proxy.trouble("/_matrix/media/v3/upload", trouble);
        phone.sends_file("plan.pdf", b"%PDF-1.7").await;
        let before = alice.say(portal, "what was it?").await;
        let said = |m: &crate::support::Message| m.body().contains("cannot store it at the moment");
        let notice = alice.wait_after(portal, &before, said).await;
        assert!(notice.body().starts_with("📎 The file “plan.pdf” arrived"), "{notice:?}");
        assert_eq!(proxy.met(), met + 8, "{trouble:?}");
        proxy.heal();
        alice.answer(portal, notice.id(), "!wechat retry").await;
        let came = |m: &crate::support::Message| m.msgtype() == "m.file";
        let file = alice.wait_after(portal, notice.id(), came).await;
        assert!(alice.download(&file).await == b"%PDF-1.7", "{trouble:?}");
    }
    chat.world.end().await;
}

/// Sends an image or a file from the phone, which the homeserver refuses twice and then takes.
async fn refuse_and_retry(chat: &Chat, proxy: &Proxy, trouble: Trouble, cause: &str) {
    let Chat { alice, portal, phone, .. } = chat;
    proxy.trouble("/_matrix/media/v3/upload", trouble);
    let before = (chat.alice.timeline(portal).len(), proxy.met());
    // More than the buffers of a connection hold, so that a server can answer in its middle.
    let film = vec![7; 24 << 20];
    let picture = Vector::named("image-jpeg").plain;
    let is_file = matches!(trouble, Trouble::PageAtOnce(_));
    let (msgtype, sent) = if is_file { ("m.file", &film) } else { ("m.image", &picture) };
    if is_file {
        phone.sends_file("large.bin", sent).await;
    } else {
        phone.sends_image(sent).await;
    }
    let behind = format!("behind {trouble:?}");
    phone.says(&behind).await;
    alice.wait_said(portal, &behind).await;
    let new = alice.timeline(portal).split_off(before.0);
    let messages: Vec<_> = new.iter().filter(|m| m.kind() == "m.room.message").collect();
    assert_eq!(messages.len(), 2, "a notice and what was behind it: {messages:#?}");
    let notice = messages[0];
    assert!(notice.msgtype() == "m.notice" && notice.body().contains(cause), "{notice:?}");
    assert!(notice.body().contains("!wechat retry"), "{notice:?}");
    assert_eq!(proxy.met(), before.1 + 1, "what is refused is not sent again and again");

    let asked = alice.answer(portal, notice.id(), "!wechat retry").await;
    assert!(chat.wait_answer(&asked).await.contains(cause));
    assert_eq!(proxy.met(), before.1 + 2);

    proxy.heal();
    alice.react(portal, notice.id(), "🔁").await;
    let came = |m: &crate::support::Message| m.msgtype() == msgtype;
    let file = alice.wait_after(portal, &asked, came).await;
    assert!(alice.download(&file).await == *sent);
    assert_eq!((file.sender(), file.at()), (notice.sender(), notice.at()));
    alice.wait_removed(portal, notice.id()).await;
}
