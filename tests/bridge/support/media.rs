//! Media vectors, and what a person does with media: open them and ask for them again.

use std::path::PathBuf;

use ilink_simulator::{MediaRef, Simulator};
use matrix_sdk::{
    media::{MediaFormat, MediaRequestParameters},
    ruma::{OwnedMxcUri, events::room::MediaSource},
};
use serde_json::Value;

use super::person::{Message, Person};

/// A file as a phone sends it, in every spelling of its item.
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) file_name: String,
    pub(crate) plain: Vec<u8>,
    key_hex: String,
    items: Vec<String>,
}

impl Vector {
    /// Reads all vectors there are.
    pub(crate) fn all() -> Vec<Self> {
        let index = std::fs::read_to_string(folder().join("index.json")).unwrap();
        let index: Vec<Value> = serde_json::from_str(&index).unwrap();
        let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
        let vector = |entry: &Value| {
            let name = text(entry, "name");
            let plain = folder().join(&name).join(text(entry, "plain_file"));
            let items = entry["items"].as_array().unwrap();
            Self {
                kind: text(entry, "kind"),
                file_name: text(entry, "file_name"),
                plain: std::fs::read(plain).unwrap(),
                key_hex: text(entry, "key_hex"),
                items: items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
                name,
            }
        };
        index.iter().map(vector).collect()
    }

    /// Returns the vector with this name.
    pub(crate) fn named(name: &str) -> Self {
        Self::all().into_iter().find(|vector| vector.name == name).unwrap()
    }

    /// Puts the file onto the CDN.
    pub(crate) fn put(&self, simulator: &Simulator) -> MediaRef {
        simulator.put_media_under(&self.plain, &self.key_hex)
    }

    /// Returns its items, for a file that lies there.
    pub(crate) fn items(&self, simulator: &Simulator, file: &MediaRef) -> Vec<Value> {
        let item = |spelling: &String| self.item(simulator, file, spelling);
        self.items.iter().map(item).collect()
    }

    /// Returns its item in this spelling.
    pub(crate) fn item(&self, simulator: &Simulator, file: &MediaRef, spelling: &str) -> Value {
        let path = folder().join(&self.name).join(format!("item.{spelling}.json"));
        let param = &file.encrypt_query_param;
        let escaped: String = url::form_urlencoded::byte_serialize(param.as_bytes()).collect();
        let item = std::fs::read_to_string(path).unwrap();
        let item = item.replace("{CDN}", &simulator.cdn_url());
        let item = item.replace("{ENCRYPT_QUERY_PARAM_URLENCODED}", &escaped);
        serde_json::from_str(&item.replace("{ENCRYPT_QUERY_PARAM}", param)).unwrap()
    }
}

impl Person {
    /// Downloads the file of a message, as any client does.
    pub(crate) async fn download(&self, message: &Message) -> Vec<u8> {
        self.fetch(&message.content()["url"]).await
    }

    /// Downloads what lies at this address.
    pub(crate) async fn fetch(&self, url: &Value) -> Vec<u8> {
        let source = MediaSource::Plain(OwnedMxcUri::from(url.as_str().unwrap()));
        let request = MediaRequestParameters { source, format: MediaFormat::File };
        self.client.media().get_media_content(&request, false).await.unwrap()
    }

    /// Waits until this sender has sent so many messages into the room, and returns them.
    pub(crate) async fn wait_messages(
        &self,
        room: &str,
        sender: &str,
        count: usize,
    ) -> Vec<Message> {
        self.until(&format!("{count} messages"), || {
            let all = self.messages(room, sender);
            (all.len() >= count).then_some(all)
        })
        .await
    }

    /// Returns what this sender has sent into the room so far, of any kind of message.
    pub(crate) fn messages(&self, room: &str, sender: &str) -> Vec<Message> {
        let timeline = self.timeline(room).into_iter();
        timeline.filter(|m| m.sender() == sender && m.kind() == "m.room.message").collect()
    }
}

impl Message {
    pub(crate) fn msgtype(&self) -> &str {
        self.content()["msgtype"].as_str().unwrap_or_default()
    }

    pub(crate) fn info(&self) -> &Value {
        &self.content()["info"]
    }
}

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/ilink/vectors/media"].iter().collect()
}
