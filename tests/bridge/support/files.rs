//! Files that a person sends, and what arrives of them.

use ilink_simulator::{Kind, Recorded, Shown};
use matrix_sdk::ruma::api::client::media::create_content::v3::Request as Upload;
use serde_json::{Value, json};

use super::{
    chat::Chat,
    person::{Message, Person},
};

/// A file as a Matrix client sends it.
pub(crate) struct Sent<'a> {
    pub(crate) msgtype: &'a str,
    pub(crate) name: &'a str,
    pub(crate) mime: &'a str,
    pub(crate) bytes: &'a [u8],
}

impl Person {
    /// Stores a file in the homeserver; returns its address.
    pub(crate) async fn upload(&self, mime: &str, bytes: &[u8]) -> String {
        let mut request = Upload::new(bytes.to_vec());
        request.content_type = Some(mime.to_owned());
        self.client.send(request).await.unwrap().content_uri.to_string()
    }

    /// Returns the content of a message that is this file.
    pub(crate) async fn file(&self, file: &Sent<'_>) -> Value {
        let url = self.upload(file.mime, file.bytes).await;
        let info = json!({ "mimetype": file.mime, "size": file.bytes.len() });
        json!({ "msgtype": file.msgtype, "body": file.name, "url": url, "info": info })
    }

    /// Sends a file; returns its event id.
    pub(crate) async fn send_file(&self, room: &str, file: &Sent<'_>) -> String {
        let content = self.file(file).await;
        self.send(room, "m.room.message", content).await
    }
}

impl Chat {
    /// Sends an image of this name as Alice, with a caption or without.
    pub(crate) async fn send_picture(&self, name: &str, caption: Option<&str>) -> String {
        let bytes = &picture(name);
        let file = Sent { msgtype: "m.image", name, mime: "image/png", bytes };
        let mut content = self.alice.file(&file).await;
        if let Some(caption) = caption {
            content["filename"] = content["body"].take();
            content["body"] = caption.into();
        }
        self.alice.send(&self.portal, "m.room.message", content).await
    }

    /// Edits an image's caption as Alice.
    pub(crate) async fn recaption(&self, event: &str, name: &str, caption: &str) {
        let sent = self.alice.timeline(&self.portal).into_iter().find(|m| m.id() == event);
        let mut new = sent.unwrap().content().clone();
        new["filename"] = name.into();
        new["body"] = caption.into();
        let mut content = new.clone();
        content["m.new_content"] = new;
        content["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": event });
        self.alice.send(&self.portal, "m.room.message", content).await;
    }

    /// Returns what waits, as the bot lists it; other notices may come between.
    pub(crate) async fn queue(&self) -> String {
        let asked = self.alice.say(&self.portal, "!wechat queue").await;
        let wanted = |m: &Message| m.sender() == self.bot && m.body().starts_with("Waiting for");
        self.alice.wait_after(&self.portal, &asked, wanted).await.body().to_owned()
    }

    /// Waits until the phone shows this many messages; returns each as a line and the bytes of its
    /// file.
    pub(crate) async fn wait_opened(&self, count: usize) -> Vec<(String, Vec<u8>)> {
        let shown = self.phone.wait_shows(count).await.into_iter();
        shown.map(|one| (line(&one), self.phone.opens(&one).unwrap_or_default())).collect()
    }

    /// Counts how often WeChat was asked where to put a file.
    pub(crate) fn uploads(&self) -> usize {
        let requests = self.world.simulator.requests().into_iter();
        requests.filter(|request: &Recorded| request.endpoint() == "getuploadurl").count()
    }
}

/// Returns what a phone shows: the words, or the kind of the file and its name.
fn line(shown: &Shown) -> String {
    match shown.kind {
        Kind::Text => shown.text.clone(),
        Kind::Image => "picture".to_owned(),
        Kind::Video => "video".to_owned(),
        Kind::Voice => "voice".to_owned(),
        Kind::File => format!("file {}", shown.text),
        Kind::Other => "other".to_owned(),
    }
}

/// Returns an image that is another one for each text.
pub(crate) fn picture(text: &str) -> Vec<u8> {
    matrix_appservice_wechat::convert::qr_png(text).unwrap().png
}

/// Returns about a second of speech as Element records it.
pub(crate) fn opus() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/opus/element-like-zh-1s.ogg");
    std::fs::read(path).unwrap()
}

/// Returns a file of the vectors, by its path among them.
pub(crate) fn vector(path: &str) -> Vec<u8> {
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ilink/vectors/media");
    std::fs::read(format!("{vectors}/{path}")).unwrap()
}
