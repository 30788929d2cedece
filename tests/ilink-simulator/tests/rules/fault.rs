//! Faults on request: what the client sees, and whether the request took effect.

use std::time::Duration;

use ilink_simulator::Fault;
use serde_json::{Value, json};

use crate::support::{Scene, bodies};

async fn raw(scene: &Scene, body: &Value) -> reqwest::Result<String> {
    scene.client.post("sendmessage").json(body).send().await?.text().await
}

#[tokio::test]
async fn a_status_or_a_code_keeps_the_request_from_having_an_effect() {
    let scene = Scene::talking().await;
    scene.simulator.fail_next("sendmessage", 502, 2);
    for _ in 0..2 {
        let answer = scene.client.post("sendmessage").json(&scene.text("x")).send().await.unwrap();
        assert_eq!(answer.status(), 502);
    }
    scene.simulator.ret_next("sendmessage", -13, "slow down", 1);
    assert_eq!(scene.send(&scene.text("x")).await, json!({ "ret": -13, "errmsg": "slow down" }));
    scene.simulator.fault("*", Fault::ErrCode(-14, "session timeout".to_owned()), 1);
    assert_eq!(scene.send(&scene.text("x")).await["errcode"], -14);
    scene.simulator.fault("sendmessage", Fault::Refuse, 1);
    assert!(raw(&scene, &scene.text("x")).await.is_err());
    scene.simulator.fault("sendmessage", Fault::Body(b"{\"ret\":\"odd\"}".to_vec()), 1);
    assert_eq!(raw(&scene, &scene.text("x")).await.unwrap(), "{\"ret\":\"odd\"}");
    assert_eq!(scene.texts(), [""; 0]);
    scene.send(&scene.text("at last")).await;
    assert_eq!(scene.texts(), ["at last"]);
}

#[tokio::test]
async fn a_cut_empty_or_garbled_answer_comes_after_the_effect() {
    let scene = Scene::talking().await;
    scene.simulator.cut_next("sendmessage");
    assert!(raw(&scene, &scene.text("cut")).await.is_err());
    scene.simulator.fault("sendmessage", Fault::Empty, 1);
    assert_eq!(raw(&scene, &scene.text("empty")).await.unwrap(), "");
    scene.simulator.fault("sendmessage", Fault::Garbage, 1);
    let garbage = raw(&scene, &scene.text("garbage")).await.unwrap();
    assert!(serde_json::from_str::<Value>(&garbage).is_err());
    assert_eq!(scene.texts(), ["cut", "empty", "garbage"]);
}

#[tokio::test]
async fn a_fault_reaches_the_very_next_poll_even_while_one_is_held() {
    let scene = Scene::talking().await;
    scene.simulator.set_hold(Duration::from_secs(15));
    let trouble = async {
        scene.simulator.wait_held_polls(1).await;
        scene.simulator.fail_next("getupdates", 524, 1);
    };
    let (held, ()) = tokio::join!(scene.client.poll(&scene.client.cursor), trouble);
    assert_eq!(held["msgs"], json!([]));
    let next = scene.client.post("getupdates").json(&json!({})).send().await.unwrap();
    assert_eq!(next.status(), 524);
}

#[tokio::test]
async fn a_cut_poll_loses_nothing() {
    let mut scene = Scene::talking().await;
    scene.alice.says("kept").await;
    scene.simulator.cut_next("getupdates");
    let body = json!({ "get_updates_buf": scene.client.cursor, "base_info": { "channel_version": "2.4.9" } });
    let cut = scene.client.post("getupdates").json(&body).send().await.unwrap().text().await;
    assert!(cut.is_err());
    assert_eq!(bodies(&scene.client.read().await), ["kept"]);
}

#[tokio::test]
async fn a_hanging_poll_is_given_up_by_the_client() {
    let mut scene = Scene::talking().await;
    scene.simulator.hang_next_poll();
    let request =
        scene.client.post("getupdates").timeout(Duration::from_millis(400)).json(&json!({})).send();
    assert!(request.await.unwrap_err().is_timeout());
    scene.alice.says("after").await;
    assert_eq!(bodies(&scene.client.read().await), ["after"]);
}

#[tokio::test]
async fn a_standing_fault_stays_until_it_is_taken_back() {
    let scene = Scene::talking().await;
    scene.simulator.standing_fault("sendmessage", Some(Fault::Status(503)));
    for _ in 0..3 {
        let answer = scene.client.post("sendmessage").json(&scene.text("x")).send().await.unwrap();
        assert_eq!(answer.status(), 503);
    }
    scene.simulator.standing_fault("sendmessage", Some(Fault::Slow(Duration::from_millis(1))));
    assert!(scene.send(&scene.text("slow")).await["message_id"].is_u64());
    scene.simulator.standing_fault("sendmessage", Some(Fault::Status(503)));
    scene.simulator.clear_faults();
    assert!(scene.send(&scene.text("fine")).await["message_id"].is_u64());
}

#[tokio::test]
async fn every_request_is_recorded_as_it_came() {
    let scene = Scene::talking().await;
    let body = scene.text("recorded");
    scene.send(&body).await;
    let request = scene.simulator.wait_request(|request| request.endpoint() == "sendmessage").await;
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, "/ilink/bot/sendmessage");
    assert_eq!(request.header("ilink-app-id"), Some("bot"));
    assert_eq!(request.json(), body);
    scene.client.qr(&[]).await;
    let last = scene.simulator.requests().pop().unwrap();
    assert_eq!(last.query, [("bot_type".to_owned(), "3".to_owned())]);
}
