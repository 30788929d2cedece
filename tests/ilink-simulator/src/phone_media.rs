//! The part of a phone's handle that sends and opens media.

use serde_json::{Value, json};

use crate::chat::Shown;
use crate::crypto::{self, Key};
use crate::phone::Phone;

impl Phone {
    /// Sends an image and returns its message id.
    pub async fn sends_image(&self, plain: &[u8]) -> u64 {
        let (media, key_hex, len) = self.put(plain);
        let image = json!({ "media": media, "aeskey": key_hex, "mid_size": len, "hd_size": len });
        self.sends_item(json!({ "type": 2, "is_completed": true, "image_item": image })).await
    }

    /// Sends a file and returns its message id.
    pub async fn sends_file(&self, name: &str, plain: &[u8]) -> u64 {
        let (media, _, _) = self.put(plain);
        let (len, md5) = (plain.len().to_string(), crypto::md5_hex(plain));
        let file = json!({ "media": media, "file_name": name, "md5": md5, "len": len });
        self.sends_item(json!({ "type": 4, "is_completed": true, "file_item": file })).await
    }

    /// Sends a voice message of so many milliseconds, with Tencent's transcript if there is one.
    pub async fn sends_voice(
        &self,
        silk: &[u8],
        playtime_ms: u64,
        transcript: Option<&str>,
    ) -> u64 {
        let (media, _, _) = self.put(silk);
        let mut voice = json!({
            "media": media, "encode_type": 4, "bits_per_sample": 16, "sample_rate": 16000, "playtime": playtime_ms,
        });
        if let Some(transcript) = transcript {
            voice["text"] = json!(transcript);
        }
        self.sends_item(json!({ "type": 3, "is_completed": true, "voice_item": voice })).await
    }

    /// Sends a video and returns its message id.
    pub async fn sends_video(&self, plain: &[u8]) -> u64 {
        let (media, _, len) = self.put(plain);
        let md5 = crypto::md5_hex(plain);
        let video =
            json!({ "media": media, "video_size": len, "play_length": 1, "video_md5": md5 });
        self.sends_item(json!({ "type": 5, "is_completed": true, "video_item": video })).await
    }

    /// Returns the plaintext of an image, file, voice message or video on the screen.
    pub fn opens(&self, shown: &Shown) -> Option<Vec<u8>> {
        let media = &shown.item[shown.kind.media_field()?]["media"];
        self.shared.quietly(|world| world.cdn.open(media).ok())
    }

    /// Stores media on the CDN; returns the reference, the key, and the length of the ciphertext.
    fn put(&self, plain: &[u8]) -> (Value, String, u64) {
        let key: Key = rand::random();
        let cdn_url = self.shared.cdn_url();
        let reference = self.shared.change(|world| world.cdn.put(plain, key, &cdn_url));
        (reference.media(), reference.key_hex, reference.cipher_len)
    }
}
