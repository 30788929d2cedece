//! A homeserver's side of the bridge's listener, for what Synapse would never send.

use reqwest::{Client, Method, RequestBuilder};

use super::bridge::World;

/// Who speaks to a bridge with its own token, unless told otherwise.
pub(crate) struct Listener {
    client: Client,
    base: String,
    token: String,
}

impl Listener {
    pub(crate) fn of(world: &World) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        let base = format!("http://{}/_matrix/app/v1", world.slot.listen);
        Self { client, base, token: world.slot.hs_token.clone() }
    }

    /// Builds a request to this path without a token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Asks with the bridge's token; returns the status of the answer.
    pub(crate) async fn ask(&self, method: Method, path: &str) -> u16 {
        let request = self.request(method, path).bearer_auth(&self.token);
        request.send().await.unwrap().status().as_u16()
    }

    /// Pushes a transaction with this body; returns the status of the answer.
    pub(crate) async fn push(&self, txn: &str, body: &str) -> u16 {
        let request = self.request(Method::PUT, &format!("/transactions/{txn}"));
        let request = request.bearer_auth(&self.token).body(body.to_owned());
        request.send().await.unwrap().status().as_u16()
    }
}
