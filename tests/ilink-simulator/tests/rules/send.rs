//! `sendmessage`: what is shown, what is refused aloud, and what is accepted and lost.

use std::time::Duration;

use ilink_simulator::{Kind, Reason};
use serde_json::{Value, json};

use crate::support::Scene;

/// Sends a message that one change has made wrong; returns the answer and the only noted reason.
async fn wrong(change: impl FnOnce(&mut Value)) -> (Value, Reason) {
    let scene = Scene::talking().await;
    let mut body = scene.text("lost");
    change(&mut body);
    let answer = scene.send(&body).await;
    assert_eq!(scene.texts(), [""; 0], "nothing is shown");
    let dropped = scene.simulator.dropped();
    assert_eq!(dropped.len(), 1, "{dropped:?}");
    assert_eq!(dropped[0].body, body);
    (answer, dropped[0].reason)
}

/// A change that makes a message wrong, and the reason it is lost for.
type Silence = (fn(&mut Value), Reason);

fn silent() -> Value {
    json!({})
}

fn refused(ret: i64, errmsg: &str) -> Value {
    json!({ "ret": ret, "errmsg": errmsg })
}

#[tokio::test]
async fn a_right_message_is_shown_under_a_new_id() {
    let scene = Scene::talking().await;
    let body = scene.text("回答 👍");
    let answer = scene.send(&body).await;
    assert_eq!(answer["ret"], 0);
    let shown = scene.alice.wait_text("回答 👍").await;
    assert_eq!(answer["message_id"].as_u64(), Some(shown.message_id));
    assert_eq!(json!(shown.client_id), body["msg"]["client_id"]);
    assert_eq!(shown.kind, Kind::Text);
    assert_eq!(scene.alice.wait_shows(1).await.len(), 1);
    assert_eq!(scene.simulator.sent(), [body]);
    assert_eq!(scene.reasons(), []);
}

#[tokio::test]
async fn what_is_lost_in_silence() {
    let silences: [Silence; 10] = [
        (|body| body["base_info"] = Value::Null, Reason::NoBaseInfo),
        (|body| body["base_info"] = json!({ "bot_agent": "Test" }), Reason::NoBaseInfo),
        (|body| body["msg"]["from_user_id"] = json!("bot@im.bot"), Reason::SenderGiven),
        (|body| body["msg"]["client_id"] = json!(""), Reason::NoClientId),
        (|body| body["msg"]["message_type"] = json!(1), Reason::WrongMessageType),
        (|body| body["msg"]["message_state"] = json!(1), Reason::WrongMessageType),
        (|body| body["msg"]["item_list"] = json!([]), Reason::EmptyMessage),
        (|body| body["msg"]["item_list"][0]["text_item"]["text"] = json!(""), Reason::EmptyMessage),
        (|body| body["msg"]["context_token"] = Value::Null, Reason::NoContextToken),
        (|body| body["msg"]["context_token"] = json!("made up"), Reason::UnknownContextToken),
    ];
    for (change, reason) in silences {
        assert_eq!(wrong(change).await, (silent(), reason));
    }
}

#[tokio::test]
async fn what_is_refused_aloud() {
    let (answer, reason) = wrong(|body| body["msg"]["to_user_id"] = json!("")).await;
    assert_eq!((answer, reason), (refused(-2, "invalid arguments"), Reason::NoRecipient));
    let lower = |body: &mut Value| {
        let id = body["msg"]["to_user_id"].as_str().unwrap().to_lowercase();
        body["msg"]["to_user_id"] = json!(id);
    };
    assert_eq!(wrong(lower).await, (refused(-3, "invalid argument"), Reason::RecipientCase));
    let stranger = |body: &mut Value| body["msg"]["to_user_id"] = json!("o9cq80x@im.wechat");
    assert_eq!(wrong(stranger).await, (refused(-3, "invalid argument"), Reason::UnknownRecipient));
    let two = |body: &mut Value| {
        let item = body["msg"]["item_list"][0].clone();
        body["msg"]["item_list"] = json!([item, item]);
    };
    assert_eq!(wrong(two).await, (refused(-2, "invalid arguments"), Reason::SeveralItems));
    let long = |body: &mut Value| {
        body["msg"]["item_list"][0]["text_item"]["text"] = json!("字".repeat(5462))
    };
    assert_eq!(wrong(long).await, (refused(-2, ""), Reason::TextTooLong));
}

#[tokio::test]
async fn a_text_of_16384_bytes_just_fits() {
    let scene = Scene::talking().await;
    let text = "x".repeat(16_384);
    assert!(scene.send(&scene.text(&text)).await["message_id"].is_u64());
    assert_eq!(scene.texts(), [text]);
}

#[tokio::test]
async fn the_same_message_again_is_shown_once() {
    let scene = Scene::talking().await;
    let body = scene.text("once");
    let first = scene.send(&body).await;
    let second = scene.send(&body).await;
    assert_eq!(first["message_id"], second["message_id"]);
    assert_eq!(scene.texts(), ["once"]);
    assert_eq!(scene.reasons(), [Reason::Repeated]);
}

#[tokio::test]
async fn another_message_under_a_used_client_id_is_lost() {
    let scene = Scene::talking().await;
    let mut body = scene.text("first");
    scene.send(&body).await;
    body["msg"]["item_list"][0]["text_item"]["text"] = json!("second");
    assert_eq!(scene.send(&body).await, silent());
    assert_eq!(scene.texts(), ["first"]);
    assert_eq!(scene.reasons(), [Reason::ReusedClientId]);
}

#[tokio::test]
async fn nothing_is_shown_before_the_user_has_written() {
    let mut scene = Scene::new().await;
    scene.client.token = scene.alice.bind();
    assert_eq!(scene.send(&scene.text("too early")).await, refused(-2, "prepare failed"));
    assert_eq!(scene.reasons(), [Reason::WindowClosed]);
}

#[tokio::test]
async fn the_window_closes_after_a_day_and_opens_with_the_next_message() {
    let mut scene = Scene::talking().await;
    scene.simulator.advance(Duration::from_secs(24 * 3600 - 60));
    assert!(scene.send(&scene.text("in time")).await["message_id"].is_u64());
    scene.simulator.advance(Duration::from_secs(120));
    assert_eq!(scene.send(&scene.text("too late")).await, refused(-2, "prepare failed"));
    let old_context = scene.client.context.clone();
    scene.alice.says("still there?").await;
    scene.client.read().await;
    assert!(scene.send(&scene.text("yes")).await["message_id"].is_u64());
    scene.client.context = old_context;
    assert_eq!(scene.send(&scene.text("stale")).await, silent());
    assert_eq!(scene.reasons(), [Reason::WindowClosed, Reason::StaleContextToken]);
}

#[tokio::test]
async fn the_quota_is_ten_and_starts_anew_with_the_next_message() {
    let mut scene = Scene::talking().await;
    for number in 0..10 {
        assert!(scene.send(&scene.text(&number.to_string())).await["message_id"].is_u64());
    }
    assert_eq!(scene.send(&scene.text("eleventh")).await, refused(-2, "prepare failed"));
    assert_eq!(scene.reasons(), [Reason::QuotaSpent]);
    scene.alice.says("go on").await;
    scene.client.read().await;
    assert!(scene.send(&scene.text("eleventh")).await["message_id"].is_u64());
}

#[tokio::test]
async fn without_limits_there_is_neither_window_nor_quota() {
    let scene = Scene::talking().await;
    scene.simulator.unlimited();
    scene.simulator.advance(Duration::from_secs(48 * 3600));
    for number in 0..30 {
        scene.send(&scene.text(&number.to_string())).await;
    }
    assert_eq!(scene.alice.wait_shows(30).await.len(), 30);
    assert_eq!(scene.reasons(), []);
}

#[tokio::test]
async fn expired_context_tokens_lose_messages_in_silence() {
    let mut scene = Scene::talking().await;
    let older = scene.client.context.clone();
    scene.alice.says("another").await;
    scene.client.read().await;
    scene.simulator.expire_tokens(&scene.alice);
    assert_eq!(scene.send(&scene.text("lost")).await, silent());
    scene.client.context = older;
    assert_eq!(scene.send(&scene.text("lost")).await, silent());
    assert_eq!(scene.reasons(), [Reason::StaleContextToken; 2]);
}

#[tokio::test]
async fn an_older_context_token_stays_good_for_a_day() {
    let mut scene = Scene::talking().await;
    let older = scene.client.context.clone();
    scene.alice.says("another").await;
    scene.client.read().await;
    scene.client.context = older;
    assert!(scene.send(&scene.text("fine")).await["message_id"].is_u64());
}

#[tokio::test]
async fn a_throttle_lasts_longer_when_tried() {
    let scene = Scene::talking().await;
    scene.simulator.throttle(Duration::from_secs(100));
    scene.simulator.advance(Duration::from_secs(90));
    assert_eq!(scene.send(&scene.text("too soon")).await, refused(-2, "prepare failed"));
    scene.simulator.advance(Duration::from_secs(90));
    assert_eq!(scene.send(&scene.text("too soon")).await, refused(-2, "prepare failed"));
    scene.simulator.advance(Duration::from_secs(101));
    assert!(scene.send(&scene.text("now")).await["message_id"].is_u64());
    assert_eq!(scene.reasons(), [Reason::Throttled; 2]);
}

#[tokio::test]
async fn a_throttle_of_one_phone_leaves_the_others_alone() {
    let scene = Scene::talking().await;
    let long = Duration::from_secs(100);
    scene.simulator.throttle_phone(&scene.simulator.phone("another"), long);
    assert!(scene.send(&scene.text("fine")).await["message_id"].is_u64());
    scene.simulator.throttle_phone(&scene.alice, long);
    scene.simulator.advance(Duration::from_secs(90));
    assert_eq!(scene.send(&scene.text("too soon")).await, refused(-2, "prepare failed"));
    scene.simulator.advance(Duration::from_secs(90));
    assert_eq!(scene.send(&scene.text("too soon")).await, refused(-2, "prepare failed"));
    scene.simulator.clear_faults();
    assert!(scene.send(&scene.text("now")).await["message_id"].is_u64());
}

#[tokio::test]
async fn an_answer_without_a_message_id_means_nothing_was_shown() {
    let scene = Scene::talking().await;
    scene.simulator.accept_without_message_id(1);
    assert_eq!(scene.send(&scene.text("lost")).await, json!({ "ret": 0 }));
    assert!(scene.send(&scene.text("shown")).await["message_id"].is_u64());
    assert_eq!(scene.texts(), ["shown"]);
    assert_eq!(scene.reasons(), [Reason::Unconfirmed]);
}

#[tokio::test]
async fn voice_and_unknown_kinds_are_accepted_and_not_shown() {
    let scene = Scene::talking().await;
    for item in
        [json!({ "type": 11, "tool_call_start_item": {} }), json!({ "type": 3, "voice_item": {} })]
    {
        assert_eq!(scene.send(&scene.item(item)).await, silent());
    }
    assert_eq!(scene.reasons(), [Reason::KindNotShown; 2]);
}

#[tokio::test]
async fn a_bare_bracket_hides_the_rest_of_a_line() {
    let scene = Scene::talking().await;
    scene.send(&scene.text("1 < 2\nend")).await;
    assert_eq!(scene.texts(), ["1 \nend"]);
}

#[tokio::test]
async fn a_dead_token_sends_nothing() {
    let scene = Scene::talking().await;
    scene.simulator.expire_session(&scene.alice);
    assert_eq!(scene.send(&scene.text("lost")).await["errcode"], -14);
    assert_eq!(scene.reasons(), [Reason::SessionDead]);
}
