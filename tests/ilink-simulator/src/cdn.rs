//! The CDN: announced uploads, stored ciphertext, and the checks on both (docs/protocol.md §3.6–§3.8, §5).

use std::collections::HashMap;

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::crypto::{self, Key};
use crate::id;

/// Ciphertext by download parameter, and uploads by upload parameter.
#[derive(Default)]
pub(crate) struct Cdn {
    objects: HashMap<String, Object>,
    uploads: HashMap<String, Upload>,
}

struct Object {
    cipher: Bytes,
    key: Key,
}

/// An upload announced by `getuploadurl`.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) filekey: String,
    pub(crate) key: Key,
    pub(crate) raw_size: u64,
    pub(crate) raw_md5: String,
    pub(crate) cipher_size: u64,
}

/// Media on the CDN, with everything that an item needs to refer to them.
#[derive(Debug, Clone)]
pub struct MediaRef {
    /// The key as 32 hexadecimal characters.
    pub key_hex: String,
    /// The download parameter, not percent-encoded.
    pub encrypt_query_param: String,
    /// The whole download URL.
    pub full_url: String,
    /// The length of the ciphertext in bytes.
    pub cipher_len: u64,
}

impl MediaRef {
    /// Returns the `media` object of an item, with the key as base64 of its hexadecimal characters.
    pub fn media(&self) -> Value {
        use base64::Engine as _;
        json!({
            "encrypt_query_param": self.encrypt_query_param,
            "aes_key": base64::engine::general_purpose::STANDARD.encode(&self.key_hex),
            "encrypt_type": 1,
            "full_url": self.full_url,
        })
    }
}

impl Cdn {
    /// Reads an announcement; the error names the contradiction in it.
    pub(crate) fn announce(&mut self, body: &Value) -> Result<String, String> {
        let text = |name: &str| body[name].as_str().ok_or_else(|| format!("{name} is no string"));
        let number = |name: &str| body[name].as_u64().ok_or_else(|| format!("{name} is no number"));
        let key = crypto::key_from_hex(text("aeskey")?)
            .ok_or("aeskey is not 32 hexadecimal characters")?;
        let upload = Upload {
            filekey: text("filekey")?.to_owned(),
            key,
            raw_size: number("rawsize")?,
            raw_md5: text("rawfilemd5")?.to_owned(),
            cipher_size: number("filesize")?,
        };
        if hex::decode(&upload.filekey).map_or(0, |raw| raw.len()) != 16 {
            return Err("filekey is not 32 hexadecimal characters".to_owned());
        }
        if upload.cipher_size != crypto::padded_len(upload.raw_size) {
            return Err("filesize is not the padded rawsize".to_owned());
        }
        if body["no_need_thumb"] != true {
            return Err("no_need_thumb is not true".to_owned());
        }
        let param = id::cdn_param("AABQ");
        self.uploads.insert(param.clone(), upload);
        Ok(param)
    }

    /// Stores the ciphertext of an announced upload and returns its download parameter. It may come
    /// again, since Tencent's client repeats it after an answer that it cannot use.
    pub(crate) fn store(
        &mut self,
        param: &str,
        filekey: &str,
        cipher: Bytes,
    ) -> Result<String, String> {
        let upload = self.uploads.get(param).ok_or("unknown encrypted_query_param")?.clone();
        if upload.filekey != filekey {
            return Err("filekey does not match".to_owned());
        }
        if cipher.len() as u64 != upload.cipher_size {
            return Err(format!(
                "{} bytes came, {} were announced",
                cipher.len(),
                upload.cipher_size
            ));
        }
        let plain =
            crypto::decrypt(&upload.key, &cipher).ok_or("the announced aeskey does not open it")?;
        if plain.len() as u64 != upload.raw_size {
            return Err("rawsize does not match".to_owned());
        }
        if !crypto::md5_hex(&plain).eq_ignore_ascii_case(&upload.raw_md5) {
            return Err("rawfilemd5 does not match".to_owned());
        }
        Ok(self.keep(cipher, upload.key))
    }

    /// Encrypts and stores a file of the phone's side.
    pub(crate) fn put(&mut self, plain: &[u8], key: Key, cdn_url: &str) -> MediaRef {
        let cipher = crypto::encrypt(&key, plain);
        let cipher_len = cipher.len() as u64;
        let param = self.keep(Bytes::from(cipher), key);
        let escaped = id::percent_encode(&param);
        let task = id::random_hex(8);
        MediaRef {
            key_hex: hex::encode(key),
            full_url: format!("{cdn_url}/download?encrypted_query_param={escaped}&taskid={task}"),
            encrypt_query_param: param,
            cipher_len,
        }
    }

    pub(crate) fn fetch(&self, param: &str) -> Option<Bytes> {
        self.objects.get(param).map(|object| object.cipher.clone())
    }

    /// Returns the plaintext of a media reference, decrypted with the key that the reference names.
    pub(crate) fn open(&self, media: &Value) -> Result<Vec<u8>, String> {
        let param = media["encrypt_query_param"].as_str().ok_or("no encrypt_query_param")?;
        let object = self.objects.get(param).ok_or("unknown encrypt_query_param")?;
        let key = media["aes_key"].as_str().and_then(crypto::key_from_reference);
        let key =
            key.ok_or("aes_key is neither base64 of 16 bytes nor of 32 hexadecimal characters")?;
        if key != object.key {
            return Err("aes_key is not the key of the upload".to_owned());
        }
        crypto::decrypt(&key, &object.cipher).ok_or_else(|| "the key does not open it".to_owned())
    }

    fn keep(&mut self, cipher: Bytes, key: Key) -> String {
        let param = id::cdn_param("AAFF");
        self.objects.insert(param.clone(), Object { cipher, key });
        param
    }
}
