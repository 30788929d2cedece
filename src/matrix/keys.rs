//! A device that holds keys for encrypted rooms: how it is made, what it asks, and the stream that
//! brings it its keys.
//!
//! Carries requests and answers as they are. What they mean is for those who hold the keys.

use std::{collections::BTreeMap, time::Duration};

use ruma::{
    DeviceId, OneTimeKeyAlgorithm, OwnedDeviceId, UInt,
    api::{
        AppserviceUserIdentity, OutgoingRequest,
        auth_scheme::{AuthScheme, SendAccessToken},
        client::{
            device::{delete_device, update_device},
            filter::FilterDefinition,
            sync::sync_events::{DeviceLists, v3, v5},
        },
        path_builder::VersionHistory,
    },
    events::AnyToDeviceEvent,
    presence::PresenceState,
    serde::Raw,
    uint,
};
use serde::{Deserialize, Serialize};

use super::{error::Error, intent::Intent};

/// A device of the bot or of a ghost that holds keys; cheap to clone.
///
/// It is another one than the device that an [`Intent`] names: reading the stream of a device
/// acknowledges what it brings.
#[derive(Debug, Clone)]
pub struct KeyDevice {
    user: Intent,
    id: OwnedDeviceId,
}

/// Where the stream of a device goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamPosition {
    /// The connection's own place; without it the homeserver begins a new connection, and does not
    /// tell whose devices have changed in between.
    #[serde(default)]
    pub pos: Option<String>,
    /// Up to where the messages to the device are acknowledged.
    #[serde(default)]
    pub since: Option<String>,
    /// The place in the slow stream.
    #[serde(default)]
    pub slow: Option<String>,
}

/// One answer of the stream.
#[derive(Debug, Default)]
pub struct Received {
    /// Where the stream goes on; asking from there acknowledges what is in this answer.
    pub next: StreamPosition,
    /// Messages to the device, in order.
    pub to_device: Vec<Raw<AnyToDeviceEvent>>,
    /// Users whose devices have changed, and those that share no room any more.
    pub device_lists: DeviceLists,
    /// How many of the device's one-time keys are not claimed yet.
    pub one_time_keys: BTreeMap<OneTimeKeyAlgorithm, UInt>,
    /// The fallback keys that are not claimed yet; `None` when the homeserver knows none.
    pub fallback_keys: Option<Vec<OneTimeKeyAlgorithm>>,
}

impl Received {
    /// Returns whether the homeserver may have more for the device at once.
    pub fn is_full(&self) -> bool {
        self.to_device.len() >= BATCH
    }
}

impl Intent {
    /// Returns a device of this user that holds keys.
    pub fn key_device(&self, id: &DeviceId) -> KeyDevice {
        KeyDevice { user: self.clone(), id: id.to_owned() }
    }
}

impl KeyDevice {
    /// Returns the user whose device it is.
    pub fn user(&self) -> &Intent {
        &self.user
    }

    /// Returns the device's id.
    pub fn id(&self) -> &DeviceId {
        &self.id
    }

    /// Makes the device exist; harmless when it does. The user must exist.
    ///
    /// # Errors
    /// [`Error::Rejected`] with `M_UNRECOGNIZED`, or [`Error::NotFound`], when the homeserver makes
    /// no devices for application services (MSC4190).
    pub async fn ensure(&self) -> Result<(), Error> {
        let request = update_device::v3::Request::new(self.id.clone());
        self.user.request(request).await.map(drop)
    }

    /// Removes the device and all of its keys; harmless when it does not exist.
    pub async fn remove(&self) -> Result<(), Error> {
        let request = delete_device::v3::Request::new(self.id.clone());
        match self.user.request(request).await {
            Ok(_) | Err(Error::NotFound | Error::UnknownDevice) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes a request in the name of the device.
    pub async fn ask<R>(&self, request: R) -> Result<R::IncomingResponse, Error>
    where
        R: OutgoingRequest<PathBuilder = VersionHistory>,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
    {
        let mut identity = AppserviceUserIdentity::new(self.user.user());
        identity.device_id = Some(&self.id);
        self.user.homeserver().request(request, identity).await
    }

    /// Asks what has come for the device since `position`, by simplified sliding sync (MSC4186);
    /// waits up to `wait` for something. No room is asked for, so the homeserver answers only when there
    /// is something for the device.
    ///
    /// # Errors
    /// As any request; see also [`forgets_position`] and [`lacks`].
    pub async fn receive(
        &self,
        position: &StreamPosition,
        wait: Duration,
    ) -> Result<Received, Error> {
        let mut request = v5::Request::new();
        request.pos.clone_from(&position.pos);
        request.conn_id = Some(CONNECTION.to_owned());
        request.timeout = Some(wait);
        request.set_presence = PresenceState::Offline;
        let to_device = &mut request.extensions.to_device;
        to_device.enabled = Some(true);
        to_device.limit = UInt::try_from(BATCH as u64).ok();
        to_device.since.clone_from(&position.since);
        request.extensions.e2ee.enabled = Some(true);
        let answer = self.ask(request).await?;
        let mut next = StreamPosition { pos: Some(answer.pos), ..position.clone() };
        let mut events = Vec::new();
        if let Some(to_device) = answer.extensions.to_device {
            next.since = Some(to_device.next_batch);
            events = to_device.events;
        }
        let e2ee = answer.extensions.e2ee;
        Ok(Received {
            next,
            to_device: events,
            device_lists: e2ee.device_lists,
            one_time_keys: e2ee.device_one_time_keys_count,
            fallback_keys: e2ee.device_unused_fallback_key_types,
        })
    }

    /// Does what [`KeyDevice::receive`] does by the older `/sync`, which wakes the homeserver for each event
    /// in any of the user's rooms.
    ///
    /// # Errors
    /// As any request; see also [`forgets_position`].
    pub async fn receive_slowly(
        &self,
        position: &StreamPosition,
        wait: Duration,
    ) -> Result<Received, Error> {
        let mut request = v3::Request::new();
        request.since.clone_from(&position.slow);
        request.filter = Some(v3::Filter::FilterDefinition(nothing_but_keys()));
        request.set_presence = PresenceState::Offline;
        request.timeout = Some(wait);
        let answer = self.ask(request).await?;
        Ok(Received {
            next: StreamPosition { slow: Some(answer.next_batch), ..position.clone() },
            to_device: answer.to_device.events,
            device_lists: answer.device_lists,
            one_time_keys: answer.device_one_time_keys_count,
            fallback_keys: answer.device_unused_fallback_key_types,
        })
    }
}

/// Returns whether the homeserver no longer knows the place from which the stream was to go on.
pub fn forgets_position(error: &Error, position: &StreamPosition) -> bool {
    let has_place = position.pos.is_some() || position.slow.is_some();
    has_place && matches!(error, Error::Rejected { status: 400, .. })
}

/// Returns whether the homeserver does not know the endpoint at all.
pub fn lacks(error: &Error) -> bool {
    match error {
        Error::Rejected { errcode, .. } => errcode == "M_UNRECOGNIZED",
        Error::NotFound => true,
        Error::Unreachable(_)
        | Error::Stalled
        | Error::RateLimited { .. }
        | Error::Server { .. }
        | Error::Garbled { .. }
        | Error::TokenRejected
        | Error::Forbidden { .. }
        | Error::RoomInUse
        | Error::UserInUse
        | Error::UnknownDevice
        | Error::TooLarge
        | Error::Disk(_)
        | Error::Unsendable(_)
        | Error::Stopping => false,
    }
}

fn nothing_but_keys() -> FilterDefinition {
    let mut filter = FilterDefinition::empty();
    filter.room.rooms = Some(Vec::new());
    filter.room.timeline.limit = Some(uint!(1));
    filter.presence.types = Some(Vec::new());
    filter.account_data.types = Some(Vec::new());
    filter
}

/// The name of the one connection that a device has.
const CONNECTION: &str = "keys";
/// How many messages to the device one answer holds at most.
const BATCH: usize = 100;

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn answer(status: u16, errcode: &str) -> Error {
        let body = format!(r#"{{"errcode":"{errcode}","error":"why"}}"#);
        let status = StatusCode::from_u16(status).unwrap();
        Error::from_answer(status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn a_missing_endpoint_is_told_apart_from_a_refusal() {
        assert!(lacks(&answer(404, "M_UNRECOGNIZED")));
        assert!(lacks(&answer(405, "M_UNRECOGNIZED")));
        assert!(lacks(&answer(404, "M_NOT_FOUND")));
        assert!(!lacks(&answer(403, "M_FORBIDDEN")));
        assert!(!lacks(&answer(502, "M_UNRECOGNIZED")));
    }

    #[test]
    fn only_a_place_that_was_named_can_be_forgotten() {
        let placed = StreamPosition { pos: Some("1".into()), ..StreamPosition::default() };
        assert!(forgets_position(&answer(400, "M_UNKNOWN_POS"), &placed));
        assert!(!forgets_position(&answer(400, "M_UNKNOWN_POS"), &StreamPosition::default()));
        assert!(!forgets_position(&answer(404, "M_UNRECOGNIZED"), &placed));
    }
}
