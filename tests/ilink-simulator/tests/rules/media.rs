//! Uploads, downloads and media both ways.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt as _, KeyInit as _};
use base64::Engine as _;
use ilink_simulator::{Kind, Reason};
use md5::Digest as _;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Scene, with_base_info};

const KEY: [u8; 16] = *b"0123456789abcdef";
const FILEKEY: &str = "00112233445566778899aabbccddeeff";

fn encrypt(plain: &[u8]) -> Vec<u8> {
    ecb::Encryptor::<aes::Aes128>::new(&KEY.into()).encrypt_padded_vec::<Pkcs7>(plain)
}

async fn announce(scene: &Scene, plain: &[u8], media_type: u8) -> Value {
    let body = with_base_info(json!({
        "filekey": FILEKEY,
        "media_type": media_type,
        "to_user_id": scene.alice.user_id(),
        "rawsize": plain.len(),
        "rawfilemd5": hex::encode(md5::Md5::digest(plain)),
        "filesize": encrypt(plain).len(),
        "no_need_thumb": true,
        "aeskey": hex::encode(KEY),
    }));
    scene.client.call("getuploadurl", &body).await
}

async fn upload(scene: &Scene, url: &str, cipher: Vec<u8>) -> Response {
    let request =
        scene.client.bare(Method::POST, url).header("Content-Type", "application/octet-stream");
    request.body(cipher).send().await.unwrap()
}

async fn uploaded(scene: &Scene, plain: &[u8]) -> Value {
    let answer = announce(scene, plain, 1).await;
    let response = upload(scene, answer["upload_full_url"].as_str().unwrap(), encrypt(plain)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let param = response.headers()["x-encrypted-param"].to_str().unwrap();
    let key = base64::engine::general_purpose::STANDARD.encode(hex::encode(KEY));
    json!({ "encrypt_query_param": param, "aes_key": key, "encrypt_type": 1 })
}

#[tokio::test]
async fn a_picture_goes_up_and_is_shown() {
    let scene = Scene::talking().await;
    let media = uploaded(&scene, b"a picture of 32 bytes, exactly!!").await;
    scene
        .send(&scene.item(json!({ "type": 2, "image_item": { "media": media, "mid_size": 48 } })))
        .await;
    let shown = scene.alice.wait_for(|shown| shown.kind == Kind::Image).await;
    assert_eq!(scene.alice.opens(&shown).unwrap(), b"a picture of 32 bytes, exactly!!");
    assert_eq!(scene.reasons(), []);
}

#[tokio::test]
async fn a_wrong_key_or_reference_is_lost_in_silence() {
    let scene = Scene::talking().await;
    let media = uploaded(&scene, b"plain").await;
    for (field, value) in
        [("aes_key", "AAAAAAAAAAAAAAAAAAAAAA=="), ("encrypt_query_param", "nothing")]
    {
        let mut wrong = media.clone();
        wrong[field] = json!(value);
        let item =
            json!({ "type": 4, "file_item": { "media": wrong, "file_name": "a.txt", "len": "5" } });
        assert_eq!(scene.send(&scene.item(item)).await, json!({}));
    }
    assert_eq!(scene.reasons(), [Reason::BrokenMedia; 2]);
}

#[tokio::test]
async fn an_upload_that_is_not_what_was_announced_is_refused() {
    let scene = Scene::talking().await;
    let answer = announce(&scene, b"announced", 3).await;
    let url = answer["upload_full_url"].as_str().unwrap();
    for cipher in [encrypt(b"something"), encrypt(b"of another length altogether"), vec![0; 16]] {
        let response = upload(&scene, url, cipher).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(!response.headers()["x-error-message"].is_empty());
    }
    assert_eq!(upload(&scene, url, encrypt(b"announced")).await.status(), StatusCode::OK);
    assert_eq!(scene.reasons(), [Reason::BadUpload; 3]);
}

#[tokio::test]
async fn announcements_are_checked() {
    let scene = Scene::talking().await;
    assert_eq!(announce(&scene, b"x", 9).await["ret"], 2);
    let stranger = json!({ "to_user_id": "o9cq80x@im.wechat", "media_type": 1 });
    assert_eq!(scene.client.call("getuploadurl", &with_base_info(stranger)).await["ret"], -1);
    let empty = json!({ "to_user_id": scene.alice.user_id(), "media_type": 1 });
    assert_eq!(scene.client.call("getuploadurl", &with_base_info(empty)).await["ret"], -2);
    assert_eq!(scene.reasons(), [Reason::BadUpload]);
}

#[tokio::test]
async fn the_classic_form_gives_a_parameter_alone() {
    let scene = Scene::talking().await;
    scene.simulator.classic_upload(true);
    let answer = announce(&scene, b"classic", 1).await;
    assert_eq!(answer["upload_full_url"], Value::Null);
    let mut url = reqwest::Url::parse(&format!("{}/upload", scene.simulator.cdn_url())).unwrap();
    url.query_pairs_mut()
        .append_pair("encrypted_query_param", answer["upload_param"].as_str().unwrap())
        .append_pair("filekey", FILEKEY);
    assert_eq!(upload(&scene, url.as_str(), encrypt(b"classic")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_cdn_refuses_wrong_methods_names_and_paths() {
    let scene = Scene::talking().await;
    let cdn = scene.simulator.cdn_url();
    let media = scene.simulator.put_media(b"bytes");
    let status = async |method: Method, url: String| {
        scene.client.bare(method, &url).send().await.unwrap().status()
    };
    let param = "encrypted_query_param=x";
    assert_eq!(
        status(Method::PUT, format!("{cdn}/upload?{param}")).await,
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert_eq!(
        status(Method::GET, format!("{cdn}/download?encrypt_query_param=x")).await,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(status(Method::GET, format!("{cdn}/download?{param}")).await, StatusCode::NOT_FOUND);
    assert_eq!(
        status(Method::GET, format!("{cdn}/elsewhere?{param}")).await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(status(Method::GET, media.full_url.clone()).await, StatusCode::OK);
    let unescaped = format!("{cdn}/download?encrypted_query_param={}", media.encrypt_query_param);
    assert_eq!(status(Method::GET, unescaped).await, StatusCode::NOT_FOUND, "a bare + is a space");
}

#[tokio::test]
async fn a_token_on_the_cdn_is_noted() {
    let scene = Scene::talking().await;
    let media = scene.simulator.put_media(b"bytes");
    scene.client.bare(Method::GET, &media.full_url).bearer_auth("secret").send().await.unwrap();
    assert_eq!(scene.reasons(), [Reason::BadHeader]);
}

#[tokio::test]
async fn media_of_the_phone_can_be_fetched_and_opened() {
    let mut scene = Scene::talking().await;
    scene.alice.sends_image(b"\x89PNG picture").await;
    scene.alice.sends_file("报价.pdf", b"pdf").await;
    scene.alice.sends_voice(b"\x02#!SILK_V3", 1500, Some("words")).await;
    scene.alice.sends_video(b"video").await;
    let messages = scene.client.read().await;
    let fields = ["image_item", "file_item", "voice_item", "video_item"];
    let plains: [&[u8]; 4] = [b"\x89PNG picture", b"pdf", b"\x02#!SILK_V3", b"video"];
    for ((message, field), plain) in messages.iter().zip(fields).zip(plains) {
        let media = &message["item_list"][0][field]["media"];
        let url = media["full_url"].as_str().unwrap();
        let cipher =
            scene.client.bare(Method::GET, url).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(cipher.len(), (plain.len() / 16 + 1) * 16);
    }
    assert_eq!(messages[1]["item_list"][0]["file_item"]["len"], "3");
    assert_eq!(messages[2]["item_list"][0]["voice_item"]["text"], "words");
    assert_eq!(scene.reasons(), []);
}
