//! QR codes in every state, and what a new binding does to the older one.

use std::time::Duration;

use ilink_simulator::{Reason, ScanError};
use serde_json::{Value, json};

use crate::support::{Client, Scene, with_base_info};

async fn status(scene: &Scene, qr: &Value) -> String {
    let answer = scene.client.qr_status(&qr["qrcode"], "").await;
    answer["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_scan_and_a_confirmation_give_credentials() {
    let scene = Scene::new().await;
    let qr = scene.client.qr(&[]).await;
    assert_eq!(status(&scene, &qr).await, "wait");
    let url = scene.simulator.wait_qr().await;
    assert_eq!(qr["qrcode_img_content"], json!(url));
    scene.alice.scan(&url).await.unwrap();
    assert_eq!(status(&scene, &qr).await, "scaned");
    scene.alice.confirm().await.unwrap();
    let answer = scene.client.qr_status(&qr["qrcode"], "").await;
    assert_eq!(answer["status"], "confirmed");
    assert_eq!(answer["bot_token"], json!(scene.alice.bot_token()));
    assert_eq!(answer["ilink_bot_id"], json!(scene.alice.bot_id()));
    assert_eq!(answer["ilink_user_id"], json!(scene.alice.user_id()));
    assert_eq!(answer["baseurl"], json!(scene.simulator.api_url()));
    assert_eq!(status(&scene, &qr).await, "confirmed", "it is told again when asked again");
    assert_eq!(scene.reasons(), []);
}

#[tokio::test]
async fn a_held_poll_is_answered_by_the_scan() {
    let scene = Scene::new().await;
    scene.simulator.set_hold(Duration::from_secs(15));
    let qr = scene.client.qr(&[]).await;
    let scan = async {
        scene.simulator.wait_request(|request| request.endpoint() == "get_qrcode_status").await;
        scene.alice.scan(qr["qrcode"].as_str().unwrap()).await.unwrap();
    };
    let (told, ()) = tokio::join!(status(&scene, &qr), scan);
    assert_eq!(told, "scaned");
}

#[tokio::test]
async fn the_right_digits_let_the_login_go_on() {
    let scene = Scene::new().await;
    scene.alice.require_digits("4711");
    let qr = scene.client.qr(&[]).await;
    scene.alice.scan(&scene.simulator.wait_qr().await).await.unwrap();
    assert_eq!(status(&scene, &qr).await, "need_verifycode");
    let wrong = scene.client.qr_status(&qr["qrcode"], "&verify_code=1").await;
    assert_eq!(wrong["status"], "need_verifycode");
    let right = scene.client.qr_status(&qr["qrcode"], "&verify_code=4711").await;
    assert_eq!(right["status"], "scaned");
    scene.alice.confirm().await.unwrap();
    assert_eq!(status(&scene, &qr).await, "confirmed");
}

#[tokio::test]
async fn too_many_wrong_digits_block_the_code() {
    let scene = Scene::new().await;
    scene.alice.require_digits("4711");
    let qr = scene.client.qr(&[]).await;
    scene.alice.scan(&scene.simulator.wait_qr().await).await.unwrap();
    for expected in ["need_verifycode", "need_verifycode", "verify_code_blocked"] {
        let answer = scene.client.qr_status(&qr["qrcode"], "&verify_code=0").await;
        assert_eq!(answer["status"], expected);
    }
    assert_eq!(scene.alice.confirm().await, Err(ScanError::Expired));
}

#[tokio::test]
async fn blocked_digits_block_at_once() {
    let scene = Scene::new().await;
    scene.alice.block_digits();
    let qr = scene.client.qr(&[]).await;
    scene.alice.scan(&scene.simulator.wait_qr().await).await.unwrap();
    let answer = scene.client.qr_status(&qr["qrcode"], "&verify_code=0").await;
    assert_eq!(answer["status"], "verify_code_blocked");
}

#[tokio::test]
async fn a_code_expires_by_time_and_on_request() {
    let scene = Scene::new().await;
    let first = scene.client.qr(&[]).await;
    scene.simulator.advance(Duration::from_secs(121));
    assert_eq!(status(&scene, &first).await, "expired");
    assert_eq!(scene.simulator.pending_qr(), None);
    let second = scene.client.qr(&[]).await;
    scene.simulator.expire_qr();
    assert_eq!(status(&scene, &second).await, "expired");
    let url = second["qrcode_img_content"].as_str().unwrap();
    assert_eq!(scene.alice.scan(url).await, Err(ScanError::Expired));
    assert_eq!(scene.alice.scan("https://elsewhere/?qrcode=x").await, Err(ScanError::Unknown));
}

#[tokio::test]
async fn a_redirected_login_goes_on_at_the_other_host() {
    let scene = Scene::new().await;
    let qr = scene.client.qr(&[]).await;
    scene.simulator.redirect_next_scan();
    scene.alice.scan(&scene.simulator.wait_qr().await).await.unwrap();
    let answer = scene.client.qr_status(&qr["qrcode"], "").await;
    assert_eq!(answer["status"], "scaned_but_redirect");
    assert_eq!(answer["redirect_host"], json!(scene.simulator.redirect_host()));
    let other = Client::new(&format!("http://{}", scene.simulator.redirect_host()));
    assert_eq!(other.qr_status(&qr["qrcode"], "").await["status"], "scaned");
    scene.alice.confirm().await.unwrap();
    assert_eq!(status(&scene, &qr).await, "scaned_but_redirect", "the old host does not confirm");
    assert_eq!(other.qr_status(&qr["qrcode"], "").await["status"], "confirmed");
    other.qr(&[]).await;
    assert_eq!(scene.reasons(), [Reason::WrongHost]);
}

#[tokio::test]
async fn a_token_already_held_gives_no_credentials() {
    let scene = Scene::new().await;
    let token = scene.alice.bind();
    let qr = scene.client.qr(&[&token]).await;
    scene.alice.scan(&scene.simulator.wait_qr().await).await.unwrap();
    let answer = scene.client.qr_status(&qr["qrcode"], "").await;
    assert_eq!(answer, json!({ "ret": 0, "status": "binded_redirect" }));
    assert_eq!(scene.alice.bot_token(), Some(token), "the binding is as it was");
}

#[tokio::test]
async fn a_new_binding_ends_the_older_one() {
    let mut scene = Scene::new().await;
    let old = scene.alice.bind();
    let qr = scene.client.qr(&[]).await;
    scene.alice.scan(&scene.simulator.wait_qr().await).await.unwrap();
    scene.alice.confirm().await.unwrap();
    assert_eq!(status(&scene, &qr).await, "confirmed");
    scene.client.token = old;
    assert_eq!(scene.client.poll("").await["errcode"], -14);
    let notify = scene.client.call("msg/notifystart", &with_base_info(json!({}))).await;
    assert_eq!(notify["errcode"], -14);
}

#[tokio::test]
async fn only_bot_type_3_is_served_by_post_and_by_get() {
    let scene = Scene::new().await;
    let other =
        scene.client.call("get_bot_qrcode?bot_type=1", &json!({ "local_token_list": [] })).await;
    assert_eq!(other["ret"], 2);
    let url = format!("{}/ilink/bot/get_bot_qrcode?bot_type=3", scene.client.api);
    let request = scene.client.bare(reqwest::Method::GET, &url).header("iLink-App-Id", "bot");
    let answer: Value = request
        .header("iLink-App-ClientVersion", "131329")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(answer["qrcode"].is_string());
    assert_eq!(scene.reasons(), []);
}

#[tokio::test]
async fn a_phone_has_one_id_and_tells_when_its_bot_is_online() {
    let mut scene = Scene::new().await;
    assert!(
        scene.alice.user_id().starts_with("o9cq80")
            && scene.alice.user_id().ends_with("@im.wechat")
    );
    scene.client.token = scene.alice.bind();
    assert!(!scene.alice.is_online());
    scene.client.call("msg/notifystart", &with_base_info(json!({}))).await;
    assert_eq!(Some(scene.alice.wait_online().await), scene.alice.bot_id());
    scene.client.call("msg/notifystop", &with_base_info(json!({}))).await;
    assert!(!scene.alice.is_online());
}
