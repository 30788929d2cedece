//! A client that does everything right, so that a test can do one thing wrong.

use std::time::Duration;

use base64::Engine as _;
use ilink_simulator::{Phone, Reason, Simulator};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// A simulator with a short hold time, one phone and the client bound to it.
pub(crate) struct Scene {
    pub(crate) simulator: Simulator,
    pub(crate) alice: Phone,
    pub(crate) client: Client,
}

impl Scene {
    /// Starts a simulator in which no phone is bound.
    pub(crate) async fn new() -> Self {
        let simulator = Simulator::start().await;
        simulator.set_hold(Duration::from_millis(200));
        let alice = simulator.phone("alice");
        let client = Client::new(&simulator.api_url());
        Self { simulator, alice, client }
    }

    /// Starts a simulator in which Alice is bound and has written "hello", which the client has
    /// read.
    pub(crate) async fn talking() -> Self {
        let mut scene = Self::new().await;
        scene.client.token = scene.alice.bind();
        scene.alice.says("hello").await;
        scene.client.read().await;
        scene
    }

    pub(crate) fn reasons(&self) -> Vec<Reason> {
        self.simulator.dropped().into_iter().map(|entry| entry.reason).collect()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.alice.shows().into_iter().map(|shown| shown.text).collect()
    }

    /// Returns a message to Alice with the newest context token and a new `client_id`.
    pub(crate) fn text(&self, text: &str) -> Value {
        self.item(json!({ "type": 1, "text_item": { "text": text } }))
    }

    pub(crate) fn item(&self, item: Value) -> Value {
        json!({
            "msg": {
                "from_user_id": "",
                "to_user_id": self.alice.user_id(),
                "client_id": format!("test:{}", rand::random::<u64>()),
                "message_type": 2,
                "message_state": 2,
                "item_list": [item],
                "context_token": self.client.context,
            },
            "base_info": { "channel_version": "2.4.9", "bot_agent": "Test" },
        })
    }

    pub(crate) async fn send(&self, body: &Value) -> Value {
        self.client.call("sendmessage", body).await
    }
}

/// A bot's side of the API.
pub(crate) struct Client {
    http: reqwest::Client,
    pub(crate) api: String,
    pub(crate) token: String,
    pub(crate) cursor: String,
    pub(crate) context: String,
}

impl Client {
    pub(crate) fn new(api: &str) -> Self {
        let http =
            reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        Self {
            http,
            api: api.to_owned(),
            token: String::new(),
            cursor: String::new(),
            context: String::new(),
        }
    }

    /// Returns a client on these connections for a phone that is bound now.
    pub(crate) fn of(&self, phone: &Phone) -> Self {
        Self {
            http: self.http.clone(),
            api: self.api.clone(),
            token: phone.bind(),
            cursor: String::new(),
            context: String::new(),
        }
    }

    /// Returns a request without any header.
    pub(crate) fn bare(&self, method: Method, url: &str) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Returns a POST with every header that belongs to it.
    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        let number = rand::random::<u32>().to_string();
        let uin = base64::engine::general_purpose::STANDARD.encode(number);
        let request = self
            .bare(Method::POST, &format!("{}/ilink/bot/{path}", self.api))
            .header("iLink-App-Id", "bot")
            .header("iLink-App-ClientVersion", "132105")
            .header("AuthorizationType", "ilink_bot_token")
            .header("X-WECHAT-UIN", uin);
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    pub(crate) async fn call(&self, path: &str, body: &Value) -> Value {
        self.post(path).json(body).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn qr(&self, tokens: &[&str]) -> Value {
        self.call("get_bot_qrcode?bot_type=3", &json!({ "local_token_list": tokens })).await
    }

    /// Polls a QR code once; `more` is appended to the id.
    pub(crate) async fn qr_status(&self, qrcode: &Value, more: &str) -> Value {
        let url = format!(
            "{}/ilink/bot/get_qrcode_status?qrcode={}{more}",
            self.api,
            qrcode.as_str().unwrap()
        );
        let request = self.bare(Method::GET, &url).header("iLink-App-Id", "bot");
        request
            .header("iLink-App-ClientVersion", "132105")
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// Polls once from a cursor; remembers nothing.
    pub(crate) async fn poll(&self, cursor: &str) -> Value {
        self.call("getupdates", &with_base_info(json!({ "get_updates_buf": cursor }))).await
    }

    /// Polls once, keeps the cursor and the newest context token, and returns the messages.
    pub(crate) async fn read(&mut self) -> Vec<Value> {
        let answer = self.poll(&self.cursor.clone()).await;
        if let Some(cursor) = answer["get_updates_buf"].as_str().filter(|cursor| !cursor.is_empty())
        {
            self.cursor = cursor.to_owned();
        }
        let messages = answer["msgs"].as_array().cloned().unwrap_or_default();
        if let Some(token) = messages.last().and_then(|message| message["context_token"].as_str()) {
            self.context = token.to_owned();
        }
        messages
    }
}

pub(crate) fn with_base_info(mut body: Value) -> Value {
    body["base_info"] = json!({ "channel_version": "2.4.9", "bot_agent": "Test" });
    body
}

pub(crate) fn bodies(messages: &[Value]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| message["item_list"][0]["text_item"]["text"].as_str().unwrap())
        .collect()
}
