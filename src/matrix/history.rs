//! The events of a room, back from the newest one.

use ruma::{RoomId, api::client::message::get_message_events::v3::Request, uint};
use serde_json::value::RawValue;

use super::{error::Error, intent::Intent};

/// A page of a room's history.
#[derive(Debug)]
pub struct Page {
    /// The events, newest first.
    pub events: Vec<Box<RawValue>>,
    /// The token of the next older page; `None` after the oldest one.
    pub older: Option<String>,
}

impl Intent {
    /// Returns at most 100 events of a room that the user is in, from the newest one or from where
    /// an earlier page ended.
    pub async fn history(&self, room: &RoomId, from: Option<&str>) -> Result<Page, Error> {
        let mut request = Request::backward(room.to_owned());
        request.from = from.map(str::to_owned);
        request.limit = uint!(100);
        let answer = self.request(request).await?;
        let events = answer.chunk.into_iter().map(|event| event.into_json()).collect();
        Ok(Page { events, older: answer.end })
    }
}
