//! A recorded request, and ours beside it.

use std::{collections::BTreeMap, future::Future};

use matrix_appservice_wechat::{
    id::BotToken,
    ilink::{ApiSession, Client, agent::DEFAULT_BOT_AGENT},
};
use serde_json::Value;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use crate::client;

/// Headers that the recorded HTTP library sends of its own accord, or that describe the
/// connection: they say nothing about iLink.
const GENERIC_HEADERS: [&str; 8] = [
    "host",
    "connection",
    "accept",
    "accept-language",
    "sec-fetch-mode",
    "user-agent",
    "accept-encoding",
    "content-length",
];

/// Body fields that may differ, and why.
const BODY_EXCEPTIONS: [(&str, &str); 2] = [
    ("/base_info/bot_agent", "each client names itself here"),
    ("/msg/run_id", "optional, groups the answers of one run of an agent"),
];

/// One request of Tencent's client, and what the stand-in server answered.
pub(crate) struct Recording(pub(crate) Value);

impl Recording {
    pub(crate) fn load(name: &str) -> Self {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ilink/official-2.4.9");
        let text = std::fs::read_to_string(format!("{dir}/{name}.json")).unwrap();
        Self(serde_json::from_str(&text).unwrap())
    }

    pub(crate) fn text(&self, pointer: &str) -> String {
        self.0.pointer(pointer).unwrap().as_str().unwrap().to_owned()
    }

    pub(crate) fn body(&self) -> Value {
        let body = self.0["request"]["body"].as_str();
        body.map_or(Value::Null, |body| serde_json::from_str(body).unwrap())
    }

    /// Returns a text of the recorded body, to be sent again by us.
    pub(crate) fn said(&self, pointer: &str) -> String {
        self.body().pointer(pointer).unwrap().as_str().unwrap().to_owned()
    }

    pub(crate) fn query(&self, name: &str) -> String {
        self.text(&format!("/request/query/{name}"))
    }

    pub(crate) fn headers(&self) -> BTreeMap<String, String> {
        let pairs = self.0["request"]["headers"].as_array().unwrap();
        let pair = |pair: &Value| {
            (pair[0].as_str().unwrap().to_lowercase(), pair[1].as_str().unwrap().to_owned())
        };
        without_generic(pairs.iter().map(pair))
    }

    pub(crate) fn session(&self, client: &Client) -> ApiSession {
        let token = self.headers()["authorization"].strip_prefix("Bearer ").unwrap().to_owned();
        client.session(BotToken::new(token), None).unwrap()
    }

    /// Answers as recorded, lets `call` speak, and compares what was asked.
    pub(crate) async fn compare<F: Future<Output = ()>>(&self, call: impl FnOnce(Client) -> F) {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_string(self.text("/response"));
        Mock::given(any()).respond_with(answer).mount(&server).await;
        call(client(&server.uri())).await;
        let requests = server.received_requests().await.unwrap();
        assert_eq!(requests.len(), 1);
        self.compare_head(&requests[0]);
        self.compare_body(&requests[0], &[]);
    }

    /// Compares everything but the body, which `compare_body` looks at.
    pub(crate) fn compare_head(&self, ours: &Request) {
        assert_eq!(ours.method.as_str(), self.text("/request/method"));
        assert_eq!(ours.url.path(), self.text("/request/path"));
        let query: BTreeMap<String, Value> =
            ours.url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned().into())).collect();
        assert_eq!(serde_json::to_value(query).unwrap(), self.0["request"]["query"]);
        compare_headers(&self.headers(), ours);
    }

    /// Compares the leaves of the body; those at `random` are 32 hex digits on both sides.
    pub(crate) fn compare_body(&self, ours: &Request, random: &[&str]) {
        let body = if ours.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&ours.body).unwrap()
        };
        let (mut theirs, mut ours) = (flat(&self.body()), flat(&body));
        for (pointer, _reason) in BODY_EXCEPTIONS {
            theirs.remove(pointer);
            ours.remove(pointer);
        }
        for pointer in random {
            for side in [&mut theirs, &mut ours] {
                let digits = side.remove(*pointer).unwrap();
                assert_eq!(hex::decode(digits.as_str().unwrap()).unwrap().len(), 16);
            }
        }
        assert_eq!(ours, theirs);
        if let Some(agent) = body.pointer("/base_info/bot_agent") {
            assert_eq!(agent, DEFAULT_BOT_AGENT);
        }
    }
}

fn compare_headers(theirs: &BTreeMap<String, String>, ours: &Request) {
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    let ours = without_generic(ours.headers.iter().map(|(k, v)| (k.as_str().to_owned(), text(v))));
    let names = |headers: &BTreeMap<String, String>| headers.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&ours), names(theirs));
    for (name, value) in &ours {
        // A new random number for each request: only its form can be compared.
        if name == "x-wechat-uin" {
            assert!(is_uin(value) && is_uin(&theirs[name]), "{value}");
        } else {
            assert_eq!(value, &theirs[name], "{name}");
        }
    }
}

fn without_generic(headers: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    headers.filter(|(name, _)| !GENERIC_HEADERS.contains(&name.as_str())).collect()
}

/// Returns whether a value is standard base64 of a decimal 32-bit number.
fn is_uin(value: &str) -> bool {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let decoded = BASE64_STANDARD.decode(value).unwrap();
    std::str::from_utf8(&decoded).unwrap().parse::<u32>().is_ok()
}

/// Returns every leaf of a JSON value under its pointer; an empty object or list is a leaf.
fn flat(value: &Value) -> BTreeMap<String, Value> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(name, child)| (name.clone(), child)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(i, child)| (i.to_string(), child)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    if children.is_empty() {
        return BTreeMap::from([(String::new(), value.clone())]);
    }
    let below = |(name, child): (String, &Value)| {
        flat(child).into_iter().map(move |(rest, leaf)| (format!("/{name}{rest}"), leaf))
    };
    children.into_iter().flat_map(below).collect()
}
