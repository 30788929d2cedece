//! Files on the CDN: the vectors, and both ways through a simulator that misbehaves.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic like the test itself")]

use std::{io::Write as _, time::Duration};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE},
};
use futures_util::TryStreamExt as _;
use ilink_simulator::{Fault, Phone, Recorded, Simulator};
use matrix_appservice_wechat::{
    id::{BotToken, ContextToken, WechatUserId},
    ilink::{
        AesKey, ApiSession, Body, CdnError, Client, Error, HostRules, Message, Options,
        OutboundItem, OutboundMessage, Updates, UploadKind, Uploaded,
        agent::DEFAULT_BOT_AGENT,
        cipher::{Decryptor, Encryptor, ciphertext_len},
        options::Patience,
    },
    speed::Speed,
    spool::{Spool, Spools},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

const LIMIT: u64 = 100 * 1024 * 1024;

fn fixture(name: &str) -> Vec<u8> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ilink/vectors");
    std::fs::read(format!("{dir}/{name}")).unwrap()
}

fn index(name: &str) -> Value {
    serde_json::from_slice(&fixture(name)).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Encrypts and decrypts a vector in pieces and compares the digests.
fn check_cipher(vector: &Value, plain: &[u8]) {
    let text = |name: &str| vector[name].as_str().unwrap();
    assert_eq!(sha256(plain), text("plain_sha256"));
    for spelled in ["key_hex", "aes_key_b64_raw", "aes_key_b64_hex"] {
        let key = AesKey::parse(&media_key(text(spelled))).unwrap();
        assert_eq!(key.to_base64_of_hex().expose(), text("aes_key_b64_hex"));
        let whole = plain.len() / 4096 * 4096;
        let (mut encryptor, mut cipher) = (Encryptor::new(&key), plain[..whole].to_vec());
        cipher.chunks_mut(4096).for_each(|piece| encryptor.blocks(piece));
        let mut last = plain[whole..].to_vec();
        encryptor.last(&mut last);
        cipher.extend(last);
        assert_eq!(sha256(&cipher), text("cipher_sha256"));
        assert_eq!(cipher.len() as u64, ciphertext_len(plain.len() as u64));
        assert_eq!(vector["cipher_len"], cipher.len());
        if let Some(hex) = vector["cipher_hex"].as_str() {
            assert_eq!(hex::encode(&cipher), hex);
        }
        let len = Decryptor::new(&key).last(&mut cipher).unwrap();
        assert_eq!(&cipher[..len], plain);
    }
}

fn media_key(spelled: &str) -> matrix_appservice_wechat::ilink::body::MediaKey {
    matrix_appservice_wechat::ilink::body::MediaKey::new(spelled)
}

#[test]
fn every_vector_of_the_cipher_holds() {
    let vectors = index("crypto/aes-ecb.json");
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 13);
    for vector in vectors {
        let plain = match vector["plain_file"].as_str() {
            Some(file) => fixture(&format!("crypto/{file}")),
            None => hex::decode(vector["plain_hex"].as_str().unwrap()).unwrap(),
        };
        check_cipher(vector, &plain);
    }
}

/// A simulator, a linked phone and a client that reads what it writes.
struct Scene {
    simulator: Simulator,
    alice: Phone,
    client: Client,
    session: ApiSession,
    spools: Spools,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let simulator = Simulator::start().await;
        simulator.set_hold(Duration::from_millis(200));
        let alice = simulator.phone("alice");
        let client = client(&simulator);
        let session = client.session(BotToken::new(alice.bind()), None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let spools = Spools::new(folder.path().to_owned());
        Self { simulator, alice, client, session, spools, _folder: folder }
    }

    async fn updates(&self) -> Updates {
        self.client.get_updates(&self.session, None, None).await.unwrap()
    }

    /// Sends an item from the phone, and returns it as the bridge reads it.
    async fn arrives(&self, item: Value) -> Body {
        self.alice.sends_item(item).await;
        let updates = self.updates().await;
        let last = updates.messages.last().unwrap();
        Message::parse(last.get()).unwrap().items[0].body.clone()
    }

    /// Stores a file of this content on the CDN, and returns it as an item of the newest kind.
    async fn file(&self, plain: &[u8]) -> Body {
        self.file_with(plain, |_| {}).await
    }

    async fn file_with(&self, plain: &[u8], change: impl Fn(&mut Value)) -> Body {
        let mut media = self.simulator.put_media(plain).media();
        change(&mut media);
        self.arrives(json!({ "type": 4, "file_item": { "media": media, "file_name": "a" } })).await
    }

    async fn download(&self, body: &Body) -> Result<Vec<u8>, CdnError> {
        self.download_within(body, LIMIT).await
    }

    async fn download_within(&self, body: &Body, limit: u64) -> Result<Vec<u8>, CdnError> {
        let media = body.media().unwrap().remote().unwrap();
        let spool = self.client.download(&media, limit, &self.spools).await?;
        Ok(content(&spool).await)
    }

    /// Writes a file; whether its MD5 was counted while it was written makes no difference.
    fn spool(&self, content: &[u8]) -> Spool {
        let mut writer = self.spools.create(content.len().is_multiple_of(2)).unwrap();
        writer.write_all(content).unwrap();
        writer.finish()
    }

    fn contact(&self) -> WechatUserId {
        WechatUserId::parse(&self.alice.user_id()).unwrap()
    }

    async fn upload(&self, plain: &[u8]) -> Result<Uploaded, CdnError> {
        let (to, plain) = (self.contact(), self.spool(plain));
        self.client.upload(&self.session, &to, UploadKind::File, &plain).await
    }

    fn requests(&self, endpoint: &str) -> Vec<Recorded> {
        let all = self.simulator.requests().into_iter();
        all.filter(|request| request.endpoint() == endpoint).collect()
    }
}

fn client(simulator: &Simulator) -> Client {
    client_with(simulator, Speed::USUAL)
}

fn client_with(simulator: &Simulator, speed: Speed) -> Client {
    let options = Options {
        api_base: Url::parse(&simulator.api_url()).unwrap(),
        cdn_base: Url::parse(&simulator.cdn_url()).unwrap(),
        hosts: HostRules::new(&[], &["127.0.0.1".to_owned()]),
        extra_ca_pem: None,
        proxy: None,
        bot_agent: DEFAULT_BOT_AGENT.to_owned(),
    };
    let patience = Patience {
        idle: Duration::from_millis(1_500),
        answer: Duration::from_millis(1_500),
        pause: Duration::from_millis(5),
        speed,
    };
    Client::with_patience(options, patience).unwrap()
}

async fn content(spool: &Spool) -> Vec<u8> {
    let pieces: Vec<bytes::Bytes> = spool.chunks().try_collect().await.unwrap();
    pieces.concat()
}

/// Bytes without a pattern that would survive a mistake.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(next).collect()
}

#[tokio::test]
async fn every_vector_is_fetched_in_each_form_of_its_item() {
    let scene = Scene::new().await;
    let vectors = index("media/index.json");
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 14);
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let plain = fixture(&format!("media/{name}/{}", vector["plain_file"].as_str().unwrap()));
        check_cipher(vector, &plain);
        let key = vector["key_hex"].as_str().unwrap();
        let reference = scene.simulator.put_media_under(&plain, key);
        let (_, encoded) = reference.full_url.split_once("encrypted_query_param=").unwrap();
        let (encoded, _) = encoded.split_once('&').unwrap();
        for form in vector["items"].as_array().unwrap() {
            let item = fixture(&format!("media/{name}/item.{}.json", form.as_str().unwrap()));
            let item = String::from_utf8(item).unwrap();
            let item = item
                .replace("{CDN}", &scene.simulator.cdn_url())
                .replace("{ENCRYPT_QUERY_PARAM}", &reference.encrypt_query_param)
                .replace("{ENCRYPT_QUERY_PARAM_URLENCODED}", encoded);
            let body = scene.arrives(serde_json::from_str(&item).unwrap()).await;
            let media = body.media().unwrap().remote().unwrap().want_md5();
            let spool = scene.client.download(&media, LIMIT, &scene.spools).await.unwrap();
            assert_eq!(hex::encode(spool.md5().unwrap()), vector["plain_md5"].as_str().unwrap());
            assert!(media.claimed_md5().is_none_or(|claimed| Some(claimed) == spool.md5()));
            assert!(content(&spool).await == plain, "{name} {form}");
        }
    }
    assert!(scene.simulator.dropped().is_empty(), "{:?}", scene.simulator.dropped());
}

#[tokio::test]
async fn a_key_opens_its_file_in_every_spelling() {
    let scene = Scene::new().await;
    let plain = noise(1_000);
    let reference = scene.simulator.put_media(&plain);
    let hex_key = reference.key_hex.clone();
    let raw = hex::decode(&hex_key).unwrap();
    for spelled in [
        hex_key.clone(),
        hex_key.to_uppercase(),
        BASE64_STANDARD.encode(&raw),
        BASE64_STANDARD_NO_PAD.encode(&raw),
        BASE64_URL_SAFE.encode(&raw),
        BASE64_STANDARD.encode(&hex_key),
        BASE64_STANDARD_NO_PAD.encode(hex_key.to_uppercase()),
    ] {
        let mut media = reference.media();
        media["aes_key"] = json!(spelled);
        let item = json!({ "type": 4, "file_item": { "media": media } });
        let body = scene.arrives(item).await;
        assert_eq!(scene.download(&body).await.unwrap(), plain, "{spelled}");
    }
}

#[tokio::test]
async fn a_picture_is_opened_with_its_other_key_and_is_plain_without_any() {
    let scene = Scene::new().await;
    // More than one piece, and one piece exactly but for its padding.
    for len in [0, 15, 256 * 1024 - 1, 256 * 1024, 600_000] {
        let plain = noise(len);
        let media = scene.simulator.put_media(&plain).media();
        let wrong = wrong_key(&plain, media["aes_key"].as_str().unwrap());
        let item = json!({ "type": 2, "image_item": { "media": media, "aeskey": wrong } });
        let body = scene.arrives(item).await;
        assert!(scene.download(&body).await.unwrap() == plain, "{len}");
    }
    let reference = scene.simulator.put_media(b"not encrypted for this picture");
    let mut media = reference.media();
    media.as_object_mut().unwrap().remove("aes_key");
    let body = scene.arrives(json!({ "type": 2, "image_item": { "media": media } })).await;
    assert_eq!(scene.download(&body).await.unwrap().len() as u64, reference.cipher_len);
}

/// Finds a key under which the last block has no padding by chance.
fn wrong_key(plain: &[u8], key: &str) -> String {
    let key = AesKey::parse(&media_key(key)).unwrap();
    let mut last = plain[plain.len() / 16 * 16..].to_vec();
    Encryptor::new(&key).last(&mut last);
    let is_wrong = |byte: &u8| {
        let wrong = AesKey::from_bytes([*byte; 16]);
        Decryptor::new(&wrong).last(&mut last.clone()).is_err()
    };
    hex::encode([(0..=255).find(is_wrong).unwrap(); 16])
}

#[tokio::test]
async fn what_cannot_be_opened_is_kept_as_it_came() {
    let scene = Scene::new().await;
    let plain = noise(300_000);
    let reference = scene.simulator.put_media(&plain);
    let key = AesKey::from_hex(&reference.key_hex).unwrap();
    let wrong = wrong_key(&plain, &reference.key_hex);
    let body = scene.file_with(&plain, |media| *media = reference.media()).await;
    scene.simulator.fault("download", Fault::Corrupt, 1);
    let corrupt = scene.download(&body).await;
    let mut media = reference.media();
    media["aes_key"] = json!(wrong);
    let item = json!({ "type": 2, "image_item": { "media": media, "aeskey": wrong } });
    let closed = scene.download(&scene.arrives(item).await).await;
    let mut cipher = plain.clone();
    Encryptor::new(&key).last(&mut cipher);
    for (result, last) in
        [(corrupt, cipher.last().unwrap() ^ 0xff), (closed, cipher[cipher.len() - 1])]
    {
        let Err(CdnError::Undecryptable { kept }) = result else { panic!("{result:?}") };
        let kept = content(&kept).await;
        assert!(kept[..kept.len() - 1] == cipher[..cipher.len() - 1]);
        assert_eq!(*kept.last().unwrap(), last);
    }
    // Neither fault was worth another try.
    assert_eq!(scene.requests("download").len(), 2);
}

#[tokio::test]
async fn a_file_without_a_key_is_not_fetched() {
    let scene = Scene::new().await;
    for key in [Value::Null, json!(""), json!("no key")] {
        let body = scene.file_with(b"x", |media| media["aes_key"] = key.clone()).await;
        assert!(matches!(scene.download(&body).await, Err(CdnError::NoKey)));
    }
    assert!(scene.requests("download").is_empty());
}

#[tokio::test]
async fn a_passing_trouble_of_the_download_is_waited_out() {
    let scene = Scene::new().await;
    let plain = noise(900_000);
    let body = scene.file(&plain).await;
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Refuse,
        Fault::Cut,
        Fault::Stall,
        Fault::Hang,
        Fault::Garbage,
        Fault::Empty,
    ] {
        scene.simulator.keep_requests(100);
        scene.simulator.fault("download", fault.clone(), 2);
        assert!(scene.download(&body).await.unwrap() == plain, "{fault:?}");
        assert_eq!(scene.requests("download").len(), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_lasting_trouble_of_the_download_ends_after_three_tries() {
    let scene = Scene::new().await;
    let body = scene.file(&noise(900_000)).await;
    for (fault, reason) in [
        (Fault::Status(502), "HTTP status 502"),
        (Fault::Cut, "the connection broke"),
        (Fault::Hang, "nothing came for too long"),
        (Fault::Stall, "nothing came for too long"),
    ] {
        scene.simulator.keep_requests(100);
        scene.simulator.standing_fault("download", Some(fault));
        let error = scene.download(&body).await.unwrap_err();
        let CdnError::Unreachable { reason: met } = &error else { panic!("{error:?}") };
        assert_eq!(met, reason);
        assert_eq!(scene.requests("download").len(), 3);
    }
    scene.simulator.standing_fault("download", Some(Fault::Garbage));
    let error = scene.download(&body).await.unwrap_err();
    let CdnError::Undecryptable { kept } = error else { panic!("{error:?}") };
    assert!(content(&kept).await.starts_with(b"<html>"));
}

#[tokio::test]
async fn a_slow_file_may_take_its_time_as_long_as_it_comes() {
    let scene = Scene::new().await;
    let plain = noise(400_000);
    let body = scene.file(&plain).await;
    // Eight pauses, together longer than one of them may be.
    scene.simulator.fault("download", Fault::Drip(Duration::from_millis(300)), 1);
    assert!(scene.download(&body).await.unwrap() == plain);
    assert_eq!(scene.requests("download").len(), 1);
}

#[tokio::test]
async fn a_refusal_is_final_but_for_the_other_address() {
    let scene = Scene::new().await;
    let plain = noise(100);
    let body = scene.file(&plain).await;
    scene.simulator.fault("download", Fault::Status(400), 1);
    assert_eq!(scene.download(&body).await.unwrap(), plain);
    let requests = scene.requests("download");
    let has_task = |request: &Recorded| request.query.iter().any(|(name, _)| name == "taskid");
    assert_eq!(requests.iter().map(has_task).collect::<Vec<_>>(), [true, false]);

    scene.simulator.keep_requests(100);
    scene.simulator.fault("download", Fault::Status(403), 2);
    let error = scene.download(&body).await.unwrap_err();
    let CdnError::Rejected { status: 403, message } = &error else { panic!("{error:?}") };
    assert_eq!(message, "fault on request");
    assert_eq!(scene.requests("download").len(), 2);

    let only_param = scene.file_with(&plain, |media| {
        media.as_object_mut().unwrap().remove("full_url");
    });
    let only_param = only_param.await;
    assert_eq!(scene.download(&only_param).await.unwrap(), plain);
    scene.simulator.keep_requests(100);
    scene.simulator.fault("download", Fault::Status(404), 1);
    assert!(scene.download(&only_param).await.is_err());
    assert_eq!(scene.requests("download").len(), 1);
}

#[tokio::test]
async fn other_hosts_are_neither_asked_nor_followed() {
    let (scene, elsewhere) = (Scene::new().await, Scene::new().await);
    let plain = noise(100);
    let foreign = elsewhere.simulator.put_media(&plain).full_url.replace("127.0.0.1", "localhost");
    let only_foreign = scene.file_with(&plain, |media| {
        *media = json!({ "full_url": foreign, "aes_key": media["aes_key"] });
    });
    let error = scene.download(&only_foreign.await).await.unwrap_err();
    let CdnError::HostNotAllowed { host } = &error else { panic!("{error:?}") };
    assert!(host.starts_with("localhost"), "{host}");
    // The parameter leads to the configured CDN.
    let both = scene.file_with(&plain, |media| media["full_url"] = json!(foreign)).await;
    assert_eq!(scene.download(&both).await.unwrap(), plain);

    let body = scene.file(&plain).await;
    scene.simulator.fault("download", Fault::Redirect(foreign.clone()), 2);
    let error = scene.download(&body).await.unwrap_err();
    assert!(matches!(error, CdnError::Rejected { status: 302, .. }), "{error:?}");
    scene.simulator.fault("upload", Fault::Redirect(foreign), 1);
    let error = scene.upload(&plain).await.unwrap_err();
    assert!(matches!(error, CdnError::Rejected { status: 302, .. }), "{error:?}");
    assert!(elsewhere.requests("download").is_empty() && elsewhere.requests("upload").is_empty());
}

#[tokio::test]
async fn too_large_is_seen_before_and_while_it_comes() {
    let scene = Scene::new().await;
    let plain = noise(500_000);
    let body = scene.file(&plain).await;
    let limit = plain.len() as u64;
    assert!(scene.download_within(&body, limit).await.unwrap() == plain);
    // With its length, without it, and within its last block.
    for (fault, limit) in [
        (None, limit - 20),
        (Some(Fault::Drip(Duration::ZERO)), limit - 20),
        (Some(Fault::Drip(Duration::ZERO)), 1_000),
        (None, limit - 1),
    ] {
        if let Some(fault) = fault {
            scene.simulator.fault("download", fault, 1);
        }
        scene.simulator.keep_requests(100);
        let error = scene.download_within(&body, limit).await.unwrap_err();
        assert!(matches!(error, CdnError::TooLarge { limit: told } if told == limit), "{error:?}");
        assert_eq!(scene.requests("download").len(), 1);
    }
}

#[tokio::test]
async fn a_disk_that_fails_is_no_trouble_of_the_cdn() {
    let scene = Scene::new().await;
    let media = scene.file(b"x").await.media().unwrap().remote().unwrap();
    let nowhere = Spools::new("/nowhere/at/all".into());
    let error = scene.client.download(&media, LIMIT, &nowhere).await.unwrap_err();
    assert!(matches!(error, CdnError::Disk(_)), "{error:?}");
    assert_eq!(scene.requests("download").len(), 1);
}

#[tokio::test]
async fn what_is_uploaded_is_opened_on_the_phone() {
    let scene = Scene::new().await;
    scene.alice.says("hello").await;
    let updates = scene.updates().await;
    let context = Message::parse(updates.messages[0].get()).unwrap().context;
    let context: Option<ContextToken> = context;
    for (number, len) in [0, 1, 16, 256 * 1024 - 1, 256 * 1024, 1_000_000].into_iter().enumerate() {
        let plain = noise(len);
        let upload = scene.upload(&plain).await.unwrap();
        assert_eq!(upload.plain_len, len as u64);
        let (param, key, plain_len) = upload.to_parts();
        let kept = Uploaded::from_parts(&param, &key, plain_len).unwrap();
        let name = format!("{number}.bin");
        let message = OutboundMessage {
            to: scene.contact(),
            context: context.clone(),
            client_id: name.clone(),
            item: OutboundItem::File { upload: kept, name },
        };
        scene.client.send_message(&scene.session, &message).await.unwrap();
        let shown = scene.alice.shows().pop().unwrap();
        assert!(scene.alice.opens(&shown).unwrap() == plain, "{len}");
    }
    assert!(scene.simulator.dropped().is_empty(), "{:?}", scene.simulator.dropped());
}

#[tokio::test]
async fn a_passing_trouble_of_the_upload_is_waited_out() {
    let scene = Scene::new().await;
    let plain = noise(900_000);
    for fault in [
        Fault::Status(500),
        Fault::Refuse,
        Fault::Hang,
        // The file is there, but its parameter got lost.
        Fault::Empty,
    ] {
        scene.simulator.keep_requests(100);
        scene.simulator.fault("upload", fault.clone(), 2);
        scene.upload(&plain).await.unwrap();
        let uploads = scene.requests("upload");
        assert_eq!(uploads.len(), 3, "{fault:?}");
        assert!(uploads.iter().all(|upload| upload.body_len == 900_000 / 16 * 16 + 16));
        assert_eq!(scene.requests("getuploadurl").len(), 1);
    }
}

#[tokio::test]
async fn an_upload_that_fails_says_how() {
    let scene = Scene::new().await;
    for (fault, reason) in [
        (Fault::Status(500), "HTTP status 500"),
        (Fault::Empty, "the CDN did not say where it put the file"),
        (Fault::Hang, "nothing came for too long"),
    ] {
        scene.simulator.keep_requests(100);
        scene.simulator.fault("upload", fault, 3);
        let error = scene.upload(b"x").await.unwrap_err();
        let CdnError::Unreachable { reason: met } = &error else { panic!("{error:?}") };
        assert_eq!(met, reason);
        assert_eq!(scene.requests("upload").len(), 3);
    }
    scene.simulator.keep_requests(100);
    scene.simulator.fault("upload", Fault::Status(403), 1);
    let error = scene.upload(b"x").await.unwrap_err();
    let CdnError::Rejected { status: 403, message } = &error else { panic!("{error:?}") };
    assert_eq!(message, "fault on request");
    assert_eq!(scene.requests("upload").len(), 1);
}

#[tokio::test]
async fn an_announcement_that_is_refused_uploads_nothing() {
    let scene = Scene::new().await;
    scene.simulator.ret_next("getuploadurl", -1, "who?", 1);
    let error = scene.upload(b"x").await.unwrap_err();
    assert!(matches!(error, CdnError::Ilink(Error::Refused { code: -1, .. })), "{error:?}");
    scene.simulator.fault("getuploadurl", Fault::Body(b"{}".to_vec()), 1);
    let error = scene.upload(b"x").await.unwrap_err();
    assert!(matches!(error, CdnError::Ilink(Error::Garbled)), "{error:?}");
    let evil = br#"{"upload_full_url":"https://evil.example/upload"}"#;
    scene.simulator.fault("getuploadurl", Fault::Body(evil.to_vec()), 1);
    let error = scene.upload(b"x").await.unwrap_err();
    assert!(matches!(error, CdnError::HostNotAllowed { .. }), "{error:?}");
    scene.simulator.expire_session(&scene.alice);
    let error = scene.upload(b"x").await.unwrap_err();
    assert!(matches!(error, CdnError::Ilink(Error::SessionExpired)), "{error:?}");
    assert!(scene.requests("upload").is_empty());
}

#[tokio::test]
async fn the_cdn_gets_no_header_of_the_api_and_errors_show_no_secret() {
    let scene = Scene::new().await;
    scene.simulator.classic_upload(true);
    scene.upload(&noise(200_000)).await.unwrap();
    let body = scene.file(b"x").await;
    scene.download(&body).await.unwrap();
    assert!(scene.simulator.dropped().is_empty(), "{:?}", scene.simulator.dropped());
    for request in scene.requests("download").iter().chain(&scene.requests("upload")) {
        let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        let known = ["accept", "host", "content-type", "content-length"];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    }
    scene.simulator.standing_fault("download", Some(Fault::Refuse));
    let error = scene.download(&body).await.unwrap_err();
    let shown = format!("{error} {error:?} {body:?}");
    let asked = &scene.requests("download")[0].query[0].1;
    assert!(!shown.contains(asked.as_str()), "{shown}");
}

#[tokio::test]
async fn a_cdn_that_drips_is_left() {
    let mut scene = Scene::new().await;
    let body = scene.file(&noise(1_000)).await;
    let within = Duration::from_millis(200);
    let slow = Speed { least: 1 << 20, within, longest: Duration::from_secs(600) };
    let long = Speed { least: 0, within, longest: within };
    // All tries together have to end in time, so the second is not made.
    for (speed, tries) in [(slow, 3), (long, 1)] {
        scene.client = client_with(&scene.simulator, speed);
        scene.simulator.fault("download", Fault::Drip(Duration::from_millis(100)), tries);
        let result = scene.download(&body).await;
        let Err(CdnError::Unreachable { reason }) = result else { panic!("{result:?}") };
        assert_eq!(reason, "the transfer is too slow");
        scene.client = client_with(&scene.simulator, Speed::USUAL);
        assert_eq!(scene.download(&body).await.unwrap(), noise(1_000));
    }
}
