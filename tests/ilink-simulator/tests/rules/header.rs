//! The headers of every request.

use ilink_simulator::Reason;
use serde_json::json;

use crate::support::{Scene, with_base_info};

#[tokio::test]
async fn each_missing_header_is_noted() {
    let scene = Scene::talking().await;
    let url = format!("{}/ilink/bot/getupdates", scene.client.api);
    let right = [
        ("iLink-App-Id", "bot"),
        ("iLink-App-ClientVersion", "132105"),
        ("AuthorizationType", "ilink_bot_token"),
        ("Authorization", "Bearer x"),
        ("X-WECHAT-UIN", "MTU4MjkzODEwNw=="),
    ];
    for (left_out, _) in right {
        scene.simulator.forget_dropped();
        let mut request = scene.client.bare(reqwest::Method::POST, &url);
        for (name, value) in right.into_iter().filter(|(name, _)| *name != left_out) {
            request = request.header(name, value);
        }
        // The body is right, and the number differs from that of the request before.
        scene.simulator.keep_requests(10);
        request.json(&with_base_info(json!({ "get_updates_buf": "" }))).send().await.unwrap();
        let dropped = scene.simulator.dropped();
        assert_eq!(dropped.len(), 1, "without {left_out}: {dropped:?}");
        assert_eq!(dropped[0].reason, Reason::MissingHeader);
        assert_eq!(dropped[0].detail, left_out.to_lowercase());
    }
}

#[tokio::test]
async fn a_uin_is_never_the_one_of_the_request_before() {
    let scene = Scene::talking().await;
    let url = format!("{}/ilink/bot/msg/notifystart", scene.client.api);
    for _ in 0..2 {
        let request =
            scene.client.bare(reqwest::Method::POST, &url).bearer_auth(&scene.client.token);
        let request =
            request.header("iLink-App-Id", "bot").header("iLink-App-ClientVersion", "132105");
        let request =
            request.header("AuthorizationType", "ilink_bot_token").header("X-WECHAT-UIN", "MTI=");
        request.json(&with_base_info(json!({}))).send().await.unwrap();
    }
    assert_eq!(scene.reasons(), [Reason::BadHeader]);
}
