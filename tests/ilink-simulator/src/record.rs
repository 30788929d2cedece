//! The record of every request, for comparisons field by field.

use axum::http::{HeaderMap, Method, Uri};
use serde::Serialize;
use serde_json::Value;

/// A recorded request.
#[derive(Debug, Clone, Serialize)]
pub struct Recorded {
    /// Simulator time, milliseconds since 1970.
    pub at_ms: i64,
    /// The method, such as `POST`.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query in the order sent, percent-decoded.
    pub query: Vec<(String, String)>,
    /// Headers in the order sent, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; for uploads over 64 KiB only its beginning.
    #[serde(skip)]
    pub body: Vec<u8>,
    /// Length of the whole body in bytes.
    pub body_len: usize,
}

impl Recorded {
    pub(crate) fn new(
        at_ms: i64,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (name.as_str().to_owned(), value.into_owned())
            })
            .collect();
        Self {
            at_ms,
            method: method.as_str().to_owned(),
            path: uri.path().to_owned(),
            query: query_pairs(uri),
            headers,
            body: body[..body.len().min(KEPT)].to_vec(),
            body_len: body.len(),
        }
    }

    /// Returns the last part of the path, such as `sendmessage`.
    pub fn endpoint(&self) -> &str {
        endpoint(&self.path)
    }

    /// Returns the value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

pub(crate) fn endpoint(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the query of a request, percent-decoded, in order.
pub(crate) fn query_pairs(uri: &Uri) -> Vec<(String, String)> {
    axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_or_else(|_| Vec::new(), |query| query.0)
}

const KEPT: usize = 64 * 1024;
