//! `getconfig` and `sendtyping`.

use ilink_simulator::Reason;
use serde_json::{Value, json};

use crate::support::{Scene, with_base_info};

#[tokio::test]
async fn typing_shows_with_a_ticket_and_stays_until_it_is_ended() {
    let scene = Scene::talking().await;
    let user = scene.alice.user_id();
    let none = scene.client.call("getconfig", &with_base_info(json!({}))).await;
    assert_eq!(none, json!({ "ret": -2, "errmsg": "ilink_user_id required" }));
    let config =
        scene.client.call("getconfig", &with_base_info(json!({ "ilink_user_id": user }))).await;
    assert_eq!(config["ret"], 0);
    let body = |status: u8, ticket: &Value| {
        with_base_info(json!({ "ilink_user_id": user, "typing_ticket": ticket, "status": status }))
    };
    scene.client.call("sendtyping", &body(1, &config["typing_ticket"])).await;
    scene.alice.wait_typing(true).await;
    scene.client.call("sendtyping", &body(2, &config["typing_ticket"])).await;
    scene.alice.wait_typing(false).await;
    scene.client.call("sendtyping", &body(1, &json!("made up"))).await;
    assert!(!scene.alice.typing());
    assert_eq!(scene.reasons(), [Reason::BadTicket]);
    assert_eq!(scene.simulator.typing_calls().len(), 3);
}

#[tokio::test]
async fn there_is_no_ticket_before_the_user_has_written() {
    let mut scene = Scene::new().await;
    scene.client.token = scene.alice.bind();
    let body = with_base_info(json!({ "ilink_user_id": scene.alice.user_id() }));
    let answer = scene.client.call("getconfig", &body).await;
    assert_eq!(answer, json!({ "ret": -4, "errmsg": "GetTypingTicket rpc failed" }));
}
