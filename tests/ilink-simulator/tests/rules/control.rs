//! The control routes and the phone page.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Scene, bodies};

async fn post(scene: &Scene, path: &str, body: Value) -> (StatusCode, Value) {
    let url = format!("{}/control/{path}", scene.client.api);
    let answer = scene.client.bare(Method::POST, &url).json(&body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn get(scene: &Scene, path: &str) -> Value {
    let url = format!("{}/control/{path}", scene.client.api);
    scene.client.bare(Method::GET, &url).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_script_logs_a_phone_in_and_talks() {
    let mut scene = Scene::new().await;
    post(&scene, "phones", json!({ "name": "bob" })).await;
    let qr = scene.client.qr(&[]).await;
    assert_eq!(get(&scene, "qr").await[0]["qrcode"], qr["qrcode"]);
    post(&scene, "phones/bob/digits", json!({ "digits": "77" })).await;
    assert_eq!(post(&scene, "phones/bob/scan", json!({})).await.0, StatusCode::OK);
    scene.client.qr_status(&qr["qrcode"], "&verify_code=77").await;
    assert_eq!(post(&scene, "phones/bob/confirm", json!({})).await.0, StatusCode::OK);
    let confirmed = scene.client.qr_status(&qr["qrcode"], "").await;
    scene.client.token = confirmed["bot_token"].as_str().unwrap().to_owned();
    let (_, sent) = post(&scene, "phones/bob/says", json!({ "text": "hi" })).await;
    let messages = scene.client.read().await;
    assert_eq!(messages[0]["message_id"].to_string(), sent["message_id"].as_str().unwrap());
    let mut reply = scene.text("hello bob");
    reply["msg"]["to_user_id"] = confirmed["ilink_user_id"].clone();
    let answer = scene.send(&reply).await;
    let shows = get(&scene, "phones/bob/shows").await;
    assert_eq!(shows[0]["text"], "hello bob");
    assert_eq!(
        shows[0]["message_id"],
        json!(answer["message_id"].to_string()),
        "an id is text here"
    );
    assert_eq!(get(&scene, "sent").await, json!([reply]));
    assert_eq!(get(&scene, "phones/bob/chat").await.as_array().unwrap().len(), 2);
    assert_eq!(get(&scene, "dropped").await, json!([]));
    assert_eq!(get(&scene, "state").await["phones"][1]["shows"], 1);
}

#[tokio::test]
async fn an_injected_message_keeps_its_fields_and_gets_the_missing_ones() {
    let mut scene = Scene::talking().await;
    let item = json!({ "type": 1, "text_item": { "text": "injected" } });
    let message = json!({
        "from_user_id": scene.alice.user_id(), "message_id": 7_400_000_000_000_000_001u64, "item_list": [item],
        "context_token": "given",
    });
    assert_eq!(post(&scene, "inject", message).await.0, StatusCode::OK);
    let messages = scene.client.read().await;
    assert_eq!(messages[0]["message_id"], json!(7_400_000_000_000_000_001u64));
    assert_eq!(messages[0]["message_type"], 1);
    scene.client.context = "given".to_owned();
    assert!(scene.send(&scene.text("reply")).await["message_id"].is_u64());
    let stranger = post(&scene, "inject", json!({ "from_user_id": "nobody" })).await;
    assert_eq!(stranger.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_phrase_makes_trouble_and_a_text_is_sent() {
    let mut scene = Scene::talking().await;
    let (_, sent) = post(&scene, "phones/alice/types", json!({ "text": "plain" })).await;
    assert!(sent["message_id"].is_string());
    assert_eq!(bodies(&scene.client.read().await), ["plain"]);
    let (_, notice) = post(&scene, "phones/alice/types", json!({ "text": "/drop" })).await;
    assert_eq!(notice, json!({ "notice": "drop" }));
    assert_eq!(scene.send(&scene.text("lost")).await, json!({ "ret": 0 }));
    post(&scene, "phones/alice/types", json!({ "text": "/throttle 60" })).await;
    assert_eq!(scene.send(&scene.text("held")).await["ret"], -2);
    post(&scene, "phones/alice/types", json!({ "text": "/clear" })).await;
    post(&scene, "phones/alice/types", json!({ "text": "/expire" })).await;
    assert_eq!(scene.send(&scene.text("dead")).await["errcode"], -14);
}

#[tokio::test]
async fn faults_and_limits_are_set_by_script() {
    let scene = Scene::talking().await;
    post(
        &scene,
        "faults",
        json!({ "endpoint": "sendmessage", "fault": "ret", "code": -1, "errmsg": "no" }),
    )
    .await;
    assert_eq!(scene.send(&scene.text("x")).await, json!({ "ret": -1, "errmsg": "no" }));
    post(&scene, "limits", json!({ "unlimited": true, "hold_ms": 50 })).await;
    post(&scene, "advance", json!({ "seconds": 200_000 })).await;
    assert!(scene.send(&scene.text("x")).await["message_id"].is_u64());
    assert_eq!(scene.client.poll(&scene.client.cursor).await["longpolling_timeout_ms"], 50);
    assert_eq!(
        post(&scene, "faults", json!({ "fault": "nonsense" })).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn the_page_and_its_pictures_are_served() {
    let scene = Scene::talking().await;
    let fetch = async |path: &str| {
        let url = format!("{}{path}", scene.client.api);
        scene.client.bare(Method::GET, &url).send().await.unwrap()
    };
    for (path, kind) in
        [("/", "text/html"), ("/phone.js", "text/javascript"), ("/phone.css", "text/css")]
    {
        let answer = fetch(path).await;
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(kind));
    }
    let qr = scene.client.qr(&[]).await;
    let picture = fetch(&format!("/control/qr/{}.svg", qr["qrcode"].as_str().unwrap())).await;
    assert!(picture.text().await.unwrap().contains("<svg"));
    scene.alice.sends_image(b"\x89PNG not really").await;
    let media = fetch("/control/phones/alice/media/1").await;
    assert_eq!(media.headers()["content-type"], "image/png");
    assert_eq!(media.bytes().await.unwrap().as_ref(), b"\x89PNG not really");
}

#[tokio::test]
async fn the_screen_comes_as_events() {
    let scene = Scene::talking().await;
    let url = format!("{}/control/phones/alice/events", scene.client.api);
    let mut answer = scene.client.bare(Method::GET, &url).send().await.unwrap();
    let first = String::from_utf8(answer.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(first.starts_with("event: screen") && first.contains("hello"), "{first}");
    scene.send(&scene.text("live")).await;
    let next = String::from_utf8(answer.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(next.contains("live") && !next.contains("hello"), "{next}");
}
