//! The requests of the bot or of a ghost.
//!
//! Every request names the user and the user's one device: without a device the homeserver forgets
//! transaction ids when it restarts, and a repeated request makes a second event.

use std::time::Duration;

use ruma::{
    EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedMxcUri, OwnedRoomId,
    OwnedTransactionId, OwnedUserId, RoomAliasId, RoomId, UInt, UserId,
    api::{
        AppserviceUserIdentity, OutgoingRequest,
        auth_scheme::{AuthScheme, SendAccessToken},
        client::{
            account::register,
            alias::get_alias,
            device::update_device,
            media::create_content,
            membership,
            message::{get_message_events, send_message_event},
            profile::set_profile_field,
            receipt::create_receipt,
            redact::redact_event,
            room::get_room_event,
            state::get_state_event_for_key,
            state::send_state_event,
            typing::create_typing_event,
        },
        path_builder::VersionHistory,
    },
    profile::ProfileFieldValue,
    serde::Raw,
    uint,
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{
    content::{self, Content},
    error::Error,
    homeserver::Homeserver,
    room::{NewRoom, State},
};
use crate::clock::Timestamp;

/// The bot or a ghost as the sender of requests; cheap to make and to clone.
#[derive(Debug, Clone)]
pub struct Intent {
    homeserver: Homeserver,
    user: OwnedUserId,
}

impl Intent {
    pub(super) fn new(homeserver: Homeserver, user: OwnedUserId) -> Self {
        Self { homeserver, user }
    }

    /// Returns the user who acts.
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// Creates the user and the user's device unless they exist.
    ///
    /// # Errors
    /// [`Error::UnknownDevice`] when the homeserver creates users but no devices for them.
    pub async fn ensure_registered(&self) -> Result<(), Error> {
        let mut request = register::v3::Request::new();
        request.username = Some(self.user.localpart().to_owned());
        request.login_type = Some(register::LoginType::ApplicationService);
        request.inhibit_login = true;
        match self.homeserver.request(request, AppserviceUserIdentity::default()).await {
            Ok(_) | Err(Error::UserInUse) => {}
            Err(error) => return Err(error),
        }
        // Requests in the name of a device need one that exists.
        let identity = AppserviceUserIdentity::new(&self.user);
        let device = self.homeserver.device_id().to_owned();
        let made = self.homeserver.request(update_device::v3::Request::new(device), identity).await;
        made.map(drop).map_err(no_device)
    }

    /// Sets the user's display name.
    pub async fn set_display_name(&self, name: &str) -> Result<(), Error> {
        let name = ProfileFieldValue::DisplayName(name.to_owned());
        let request = set_profile_field::v3::Request::new(self.user.clone(), name);
        self.request(request).await.map(drop)
    }

    /// Sets the user's avatar; an empty address removes it.
    pub async fn set_avatar(&self, picture: &OwnedMxcUri) -> Result<(), Error> {
        let picture = ProfileFieldValue::AvatarUrl(picture.clone());
        let request = set_profile_field::v3::Request::new(self.user.clone(), picture);
        self.request(request).await.map(drop)
    }

    /// Creates a room. [`Error::RoomInUse`] tells that the alias already leads to a room, which
    /// happens after an earlier attempt whose answer was lost.
    pub async fn create_room(&self, room: NewRoom) -> Result<OwnedRoomId, Error> {
        let version = match &room.room_version {
            Some(version) => version.clone(),
            None => self.homeserver.default_room_version(&self.user).await?,
        };
        let request = room.into_request(&self.user, version)?;
        Ok(self.request(request).await?.room_id)
    }

    /// Returns the room of an alias, if there is one.
    pub async fn resolve_alias(&self, alias: &RoomAliasId) -> Result<Option<OwnedRoomId>, Error> {
        let request = get_alias::v3::Request::new(alias.to_owned());
        Ok(found(self.request(request).await)?.map(|response| response.room_id))
    }

    /// Joins a room; harmless for a member.
    pub async fn join(&self, room: &RoomId) -> Result<(), Error> {
        let request = membership::join_room_by_id::v3::Request::new(room.to_owned());
        self.request(request).await.map(drop)
    }

    /// Leaves a room, or declines an invitation.
    pub async fn leave(&self, room: &RoomId, reason: Option<&str>) -> Result<(), Error> {
        let mut request = membership::leave_room::v3::Request::new(room.to_owned());
        request.reason = reason.map(str::to_owned);
        self.request(request).await.map(drop)
    }

    /// Invites `user`; [`Error::Forbidden`] when they are already a member.
    pub async fn invite(&self, room: &RoomId, user: &UserId) -> Result<(), Error> {
        use membership::invite_user::v3::{InviteUserId, Request};
        let request = Request::new(room.to_owned(), InviteUserId::new(user.to_owned()).into());
        self.request(request).await.map(drop)
    }

    /// Returns the members of the room.
    pub async fn joined_members(&self, room: &RoomId) -> Result<Vec<OwnedUserId>, Error> {
        let request = membership::joined_members::v3::Request::new(room.to_owned());
        Ok(self.request(request).await?.joined.into_keys().collect())
    }

    /// Returns the members of the room with their display names.
    pub async fn joined_names(
        &self,
        room: &RoomId,
    ) -> Result<Vec<(OwnedUserId, Option<String>)>, Error> {
        let request = membership::joined_members::v3::Request::new(room.to_owned());
        let joined = self.request(request).await?.joined.into_iter();
        Ok(joined.map(|(user, member)| (user, member.display_name)).collect())
    }

    /// Returns the members of a room and those who are invited.
    pub async fn members(&self, room: &RoomId) -> Result<Vec<OwnedUserId>, Error> {
        use membership::get_member_events::v3::Request;
        use ruma::events::room::member::MembershipState::{Invite, Join};
        let events = self.request(Request::new(room.to_owned())).await?.chunk;
        let events = events.into_iter().filter_map(|event| event.deserialize().ok());
        let members = events.filter(|event| matches!(event.membership(), Invite | Join));
        Ok(members.map(|event| event.state_key().clone()).collect())
    }

    /// Returns the rooms of which the user is a member.
    pub async fn joined_rooms(&self) -> Result<Vec<OwnedRoomId>, Error> {
        let request = membership::joined_rooms::v3::Request::new();
        Ok(self.request(request).await?.joined_rooms)
    }

    /// Sends an event. Repeating a request with its `txn` returns the id of the first event. `at`
    /// backdates the event.
    pub async fn send(
        &self,
        room: &RoomId,
        content: &Content,
        txn: &str,
        at: Option<Timestamp>,
    ) -> Result<OwnedEventId, Error> {
        let content = content::within(content.clone());
        let mut request = send_message_event::v3::Request::new_raw(
            room.to_owned(),
            self.transaction_id(txn),
            content.event_type.as_str().into(),
            raw(&content.fields)?,
        );
        request.timestamp = at.and_then(matrix_time);
        Ok(self.request(request).await?.event_id)
    }

    /// Sets a state event; setting an equal content again changes nothing.
    pub async fn send_state(&self, room: &RoomId, state: &State) -> Result<OwnedEventId, Error> {
        let request = send_state_event::v3::Request::new_raw(
            room.to_owned(),
            state.event_type.as_str().into(),
            state.state_key.clone(),
            raw(&state.content)?,
        );
        Ok(self.request(request).await?.event_id)
    }

    /// Returns the content of a state event, if the room has it.
    pub async fn state(
        &self,
        room: &RoomId,
        event_type: &str,
        state_key: &str,
    ) -> Result<Option<Box<RawValue>>, Error> {
        let request = get_state_event_for_key::v3::Request::new(
            room.to_owned(),
            event_type.into(),
            state_key.to_owned(),
        );
        Ok(found(self.request(request).await)?.map(|response| response.event_or_content))
    }

    /// Returns the newest events of a room, at most 50, the newest first.
    pub async fn newest(&self, room: &RoomId) -> Result<Vec<Box<RawValue>>, Error> {
        let mut request = get_message_events::v3::Request::backward(room.to_owned());
        request.limit = uint!(50);
        let events = self.request(request).await?.chunk.into_iter();
        Ok(events.map(Raw::into_json).collect())
    }

    /// Returns an event of a room of which the user is a member.
    pub async fn event(&self, room: &RoomId, event: &EventId) -> Result<Box<RawValue>, Error> {
        let request = get_room_event::v3::Request::new(room.to_owned(), event.to_owned());
        Ok(self.request(request).await?.event.into_json())
    }

    /// Redacts an event.
    pub async fn redact(
        &self,
        room: &RoomId,
        event: &EventId,
        txn: &str,
        reason: Option<&str>,
    ) -> Result<OwnedEventId, Error> {
        let (room, event) = (room.to_owned(), event.to_owned());
        let mut request = redact_event::v3::Request::new(room, event, self.transaction_id(txn));
        request.reason = reason.map(str::to_owned);
        Ok(self.request(request).await?.event_id)
    }

    /// Sends a read receipt for everything up to `event`.
    pub async fn read_receipt(&self, room: &RoomId, event: &EventId) -> Result<(), Error> {
        use create_receipt::v3::{ReceiptType, Request};
        let request = Request::new(room.to_owned(), ReceiptType::Read, event.to_owned());
        self.request(request).await.map(drop)
    }

    /// Shows for `how_long` that the user is typing; `None` ends it.
    pub async fn typing(&self, room: &RoomId, how_long: Option<Duration>) -> Result<(), Error> {
        use create_typing_event::v3::{Request, Typing, TypingInfo};
        let state = how_long.map_or(Typing::No, |time| Typing::Yes(TypingInfo::new(time)));
        let request = Request::new(self.user.clone(), room.to_owned(), state);
        self.request(request).await.map(drop)
    }

    /// Uploads a small file, which is held in memory.
    pub async fn upload(
        &self,
        bytes: Vec<u8>,
        content_type: &str,
        filename: Option<&str>,
    ) -> Result<OwnedMxcUri, Error> {
        let mut request = create_content::v3::Request::new(bytes);
        request.content_type = Some(content_type.to_owned());
        request.filename = filename.map(str::to_owned);
        Ok(self.request(request).await?.content_uri)
    }

    /// Returns a transaction id that contains the user. Synapse distinguishes the transaction ids
    /// of an application service by the path alone: otherwise the bot might be answered with a
    /// ghost's event.
    fn transaction_id(&self, txn: &str) -> OwnedTransactionId {
        format!("{txn}.{}", self.user.localpart()).into()
    }

    pub(super) async fn request<R>(&self, request: R) -> Result<R::IncomingResponse, Error>
    where
        R: OutgoingRequest<PathBuilder = VersionHistory>,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
    {
        self.homeserver.request(request, self.identity()).await
    }

    pub(super) fn homeserver(&self) -> &Homeserver {
        &self.homeserver
    }

    /// Returns the user and the device that every request names.
    pub(super) fn identity(&self) -> AppserviceUserIdentity<'_> {
        let mut identity = AppserviceUserIdentity::new(&self.user);
        identity.device_id = Some(self.homeserver.device_id());
        identity
    }
}

/// Turns [`Error::NotFound`] into `None`.
fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn raw<T>(content: &impl Serialize) -> Result<Raw<T>, Error> {
    let json = to_raw_value(content).map_err(|error| Error::Unsendable(Box::new(error)))?;
    Ok(Raw::from_json(json))
}

/// Returns a time for Matrix; `None` for one before 1970 or beyond what Matrix can write.
fn matrix_time(at: Timestamp) -> Option<MilliSecondsSinceUnixEpoch> {
    UInt::try_from(at.0).ok().map(MilliSecondsSinceUnixEpoch)
}

/// Returns the error for a refused device, which says nothing about the user or the token.
fn no_device(error: Error) -> Error {
    match error {
        Error::Rejected { .. }
        | Error::NotFound
        | Error::Forbidden { .. }
        | Error::TokenRejected => Error::UnknownDevice,
        other @ (Error::Unreachable(_)
        | Error::Stalled
        | Error::RateLimited { .. }
        | Error::Server { .. }
        | Error::Garbled { .. }
        | Error::RoomInUse
        | Error::UserInUse
        | Error::UnknownDevice
        | Error::TooLarge
        | Error::Disk(_)
        | Error::Unsendable(_)
        | Error::Stopping) => other,
    }
}
