//! Bringing files and sending them, as recorded.

use std::io::Write as _;

use matrix_appservice_wechat::{
    id::{ContextToken, WechatUserId},
    ilink::{
        AesKey, Client, OutboundItem, OutboundMessage, UploadKind, UploadRequest, Uploaded,
        cipher::Encryptor,
    },
    secret::Secret,
    spool::{Spool, Spools},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

use crate::{options, recording::Recording, user};

/// The recordings of one file, and the vector that holds it.
const FILES: [(&str, UploadKind, &str); 3] = [
    ("image", UploadKind::Image, "image-jpeg/plain.jpg"),
    ("video", UploadKind::Video, "video-mp4/plain.mp4"),
    ("file", UploadKind::File, "file-pdf-cjk-name/plain.pdf"),
];

fn plain(name: &str) -> Vec<u8> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ilink/vectors/media");
    std::fs::read(format!("{dir}/{name}")).unwrap()
}

fn spool(content: &[u8]) -> Spool {
    let mut writer = Spools::new(std::env::temp_dir()).create(true).unwrap();
    writer.write_all(content).unwrap();
    writer.finish()
}

/// Returns what the recorded client had after its upload.
fn uploaded(announced: &Recording, param: &str) -> Uploaded {
    let key = Secret::new(announced.said("/aeskey"));
    let plain_len = announced.body()["rawsize"].as_u64().unwrap();
    Uploaded::from_parts(&Secret::new(param), &key, plain_len).unwrap()
}

fn given_param(upload: &Recording) -> String {
    upload.text("/response_headers/x-encrypted-param")
}

#[tokio::test]
async fn a_file_is_announced_as_recorded() {
    for name in ["image", "video", "file", "classic"] {
        let recording = Recording::load(&format!("getuploadurl-{name}"));
        let announced = recording.body();
        let to = user(&recording.said("/to_user_id"));
        let key = AesKey::from_hex(&recording.said("/aeskey")).unwrap();
        let mut plain_md5 = [0; 16];
        hex::decode_to_slice(recording.said("/rawfilemd5"), &mut plain_md5).unwrap();
        let request = UploadRequest {
            filekey: recording.said("/filekey"),
            kind: FILES.iter().find(|file| file.0 == name).map_or(UploadKind::Image, |file| file.1),
            to: &to,
            plain_len: announced["rawsize"].as_u64().unwrap(),
            plain_md5,
            key: &key,
        };
        recording
            .compare(async |client: Client| {
                let session = recording.session(&client);
                let url = client.get_upload_url(&session, &request).await.unwrap();
                assert_eq!(url.full_url.is_some(), name != "classic");
                assert_eq!(url.param.is_some(), name == "classic");
            })
            .await;
    }
}

/// Answers announcements and uploads as recorded, and returns both requests.
async fn bring(
    announcing: &Recording,
    upload: &Recording,
    kind: UploadKind,
    plain: &[u8],
) -> (Uploaded, Vec<Request>) {
    let server = MockServer::start().await;
    let cdn = format!("{}/c2c", server.uri());
    let answer = announcing.text("/response").replace("{CDN}", &cdn);
    Mock::given(path("/ilink/bot/getuploadurl"))
        .respond_with(ResponseTemplate::new(200).set_body_string(answer))
        .mount(&server)
        .await;
    let taken = ResponseTemplate::new(200).insert_header("x-encrypted-param", given_param(upload));
    Mock::given(method("POST")).and(path("/c2c/upload")).respond_with(taken).mount(&server).await;
    let options = matrix_appservice_wechat::ilink::Options {
        cdn_base: Url::parse(&cdn).unwrap(),
        ..options(&server.uri())
    };
    let client = Client::new(options).unwrap();
    let session = announcing.session(&client);
    let to = user(&announcing.said("/to_user_id"));
    let uploaded = client.upload(&session, &to, kind, &spool(plain)).await.unwrap();
    (uploaded, server.received_requests().await.unwrap())
}

#[tokio::test]
async fn a_file_is_uploaded_as_recorded() {
    for (name, kind, file) in FILES {
        let announcing = Recording::load(&format!("getuploadurl-{name}"));
        let upload = Recording::load(&format!("cdn-upload-{name}"));
        let plain = plain(file);
        let (uploaded, requests) = bring(&announcing, &upload, kind, &plain).await;
        let [announced, brought] = &requests[..] else { panic!("{} requests", requests.len()) };
        announcing.compare_head(announced);
        announcing.compare_body(announced, &["/filekey", "/aeskey"]);
        upload.compare_head(brought);
        let len = upload.0["request"]["body_len"].as_u64().unwrap();
        assert_eq!(brought.headers["content-length"], len.to_string().as_str());
        assert!(!brought.headers.contains_key("transfer-encoding"));

        let theirs = AesKey::from_hex(&announcing.said("/aeskey")).unwrap();
        let digest = hex::encode(Sha256::digest(encrypted(&theirs, &plain)));
        assert_eq!(digest, upload.text("/request/body_sha256"));
        let announced: Value = serde_json::from_slice(&announced.body).unwrap();
        let ours = AesKey::from_hex(announced["aeskey"].as_str().unwrap()).unwrap();
        assert_eq!(brought.body, encrypted(&ours, &plain));
        assert_eq!(uploaded.key, ours);
        assert_eq!(uploaded.param.expose(), given_param(&upload));
        assert_eq!(uploaded.cipher_len(), len);
    }
}

#[tokio::test]
async fn an_upload_without_a_whole_address_is_put_together_as_recorded() {
    let announcing = Recording::load("getuploadurl-classic");
    let upload = Recording::load("cdn-upload-classic");
    let plain = plain("image-jpeg/plain.jpg");
    let (_, requests) = bring(&announcing, &upload, UploadKind::Image, &plain).await;
    let announced: Value = serde_json::from_slice(&requests[0].body).unwrap();
    let ours = requests[1].url.query().unwrap();
    let filekey = announced["filekey"].as_str().unwrap();
    assert_eq!(ours.replace(filekey, "FILEKEY"), built_query(&upload));
}

/// Returns the recorded query, encoded, with a word in place of the random file key.
fn built_query(upload: &Recording) -> String {
    let param = upload.query("encrypted_query_param");
    let param = param.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    format!("encrypted_query_param={param}&filekey=FILEKEY")
}

fn encrypted(key: &AesKey, plain: &[u8]) -> Vec<u8> {
    let mut cipher = plain.to_vec();
    Encryptor::new(key).last(&mut cipher);
    cipher
}

#[tokio::test]
async fn a_file_is_sent_as_recorded() {
    for (name, kind, _) in FILES {
        let recording = Recording::load(&format!("sendmessage-{name}"));
        let announced = Recording::load(&format!("getuploadurl-{name}"));
        let param = given_param(&Recording::load(&format!("cdn-upload-{name}")));
        let upload = uploaded(&announced, &param);
        let file_name = "/msg/item_list/0/file_item/file_name";
        let item = match kind {
            UploadKind::Image => OutboundItem::Image(upload),
            UploadKind::Video => OutboundItem::Video(upload),
            UploadKind::File | UploadKind::Voice => {
                OutboundItem::File { upload, name: recording.said(file_name) }
            }
        };
        let message = message(&recording, item);
        recording
            .compare(async |client: Client| {
                let session = recording.session(&client);
                client.send_message(&session, &message).await.unwrap();
            })
            .await;
    }
}

fn message(recording: &Recording, item: OutboundItem) -> OutboundMessage {
    OutboundMessage {
        to: WechatUserId::parse(&recording.said("/msg/to_user_id")).unwrap(),
        context: Some(ContextToken::new(recording.said("/msg/context_token"))),
        client_id: recording.said("/msg/client_id"),
        item,
    }
}
