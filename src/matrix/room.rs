//! The settings of a new room, and the state events that mark it as bridged.

use std::collections::BTreeMap;

use ruma::{
    OwnedUserId, RoomVersionId, UserId, api::client::room::create_room::v3 as create_room,
    events::AnyInitialStateEvent, serde::Raw,
};
use serde_json::{Map, Value, json};

use super::error::Error;

pub use ruma::api::client::room::create_room::v3::RoomPreset;

/// A room to be created. Every field is optional.
#[derive(Debug, Clone, Default)]
pub struct NewRoom {
    /// The room's name.
    pub name: Option<String>,
    /// The room's topic.
    pub topic: Option<String>,
    /// The alias, without `#` and server. With an alias, a second attempt after a lost answer finds
    /// the first room instead of creating another.
    pub alias_localpart: Option<String>,
    /// The invited users.
    pub invite: Vec<OwnedUserId>,
    /// Whether clients list the room among the direct chats.
    pub is_direct: bool,
    /// Whether the room is a space.
    pub is_space: bool,
    /// The room version; by default the homeserver's.
    pub room_version: Option<RoomVersionId>,
    /// Users with all rights beside the creator: creators too since room version 12, level 100
    /// before.
    pub additional_creators: Vec<OwnedUserId>,
    /// The power levels.
    pub power: RoomPower,
    /// The initial state events.
    pub initial_state: Vec<State>,
    /// The homeserver's preset of settings.
    pub preset: Option<RoomPreset>,
}

/// Power levels that differ from the homeserver's defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomPower {
    /// The levels of users. Creators need none; they are left out where the room version forbids
    /// one.
    pub users: BTreeMap<OwnedUserId, i64>,
    /// The levels that event types require.
    pub events: BTreeMap<String, i64>,
    /// The levels that everything else requires, such as `invite` or `state_default`.
    pub other: BTreeMap<String, i64>,
}

/// A state event to be set.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The event type.
    pub event_type: String,
    /// The state key, empty for most types.
    pub state_key: String,
    /// The content.
    pub content: Value,
}

impl State {
    /// Makes a state event of any type.
    pub fn new(event_type: &str, state_key: &str, content: Value) -> Self {
        Self { event_type: event_type.to_owned(), state_key: state_key.to_owned(), content }
    }
}

/// The bridged chat of a room, for clients and other bridges (MSC2346).
#[derive(Debug, Clone)]
pub struct Bridged<'a> {
    /// The key that distinguishes this bridge and chat from others; it never changes in the room.
    pub state_key: &'a str,
    /// The bot of the bridge.
    pub bot: &'a UserId,
    /// The user on whose account the room was made.
    pub creator: &'a UserId,
    /// A short name of the network, such as `wechat`.
    pub protocol: &'a str,
    /// The network's display name.
    pub protocol_name: &'a str,
    /// The network's id of the chat.
    pub channel: &'a str,
    /// The chat's display name.
    pub channel_name: Option<&'a str>,
}

/// Returns the state events that describe the bridge, under the stable and the unstable type.
pub fn bridge_info(bridged: &Bridged<'_>) -> [State; 2] {
    let mut channel = json!({ "id": bridged.channel });
    if let Some(name) = bridged.channel_name {
        channel["displayname"] = name.into();
    }
    let content = json!({
        "bridgebot": bridged.bot,
        "creator": bridged.creator,
        "protocol": { "id": bridged.protocol, "displayname": bridged.protocol_name },
        "channel": channel,
        "com.beeper.room_type": "dm",
    });
    ["m.bridge", "uk.half-shot.bridge"]
        .map(|event_type| State::new(event_type, bridged.state_key, content.clone()))
}

/// Returns the state event for members that clients leave out of a room's name and avatar
/// (MSC4171).
pub fn functional_members(members: &[&UserId]) -> State {
    let content = json!({ "service_members": members });
    State::new("io.element.functional_members", "", content)
}

impl NewRoom {
    /// Returns the request that creates this room as `creator` with room version `version`.
    pub(super) fn into_request(
        self,
        creator: &UserId,
        version: RoomVersionId,
    ) -> Result<create_room::Request, Error> {
        let privileged = creators_are_privileged(&version);
        let mut request = create_room::Request::new();
        request.power_level_content_override =
            self.power_override(creator, privileged).map(raw).transpose()?;
        let mut creation = Map::new();
        if privileged && !self.additional_creators.is_empty() {
            creation.insert("additional_creators".to_owned(), json!(self.additional_creators));
        }
        if self.is_space {
            creation.insert("type".to_owned(), json!("m.space"));
        }
        if !creation.is_empty() {
            request.creation_content = Some(raw(creation.into())?);
        }
        request.initial_state =
            self.initial_state.into_iter().map(State::into_initial).collect::<Result<_, _>>()?;
        request.room_version = Some(version);
        request.name = self.name;
        request.topic = self.topic;
        request.room_alias_name = self.alias_localpart;
        request.invite = self.invite;
        request.is_direct = self.is_direct;
        request.preset = self.preset;
        Ok(request)
    }

    /// Returns the power levels to be sent. From room version 12 on no creator may have a level;
    /// before, a list of users replaces the homeserver's own, so it must contain the creator.
    fn power_override(&self, creator: &UserId, privileged: bool) -> Option<Value> {
        let mut users = self.power.users.clone();
        if privileged {
            users.retain(|user, _| user != creator && !self.additional_creators.contains(user));
        } else if !(users.is_empty() && self.additional_creators.is_empty()) {
            let everything = std::iter::once(creator.to_owned());
            let everything = everything.chain(self.additional_creators.iter().cloned());
            users.extend(everything.map(|user| (user, FULL_POWER)));
        }
        let mut levels = Map::new();
        for (key, level) in &self.power.other {
            levels.insert(key.clone(), (*level).into());
        }
        if !self.power.events.is_empty() {
            levels.insert("events".to_owned(), json!(self.power.events));
        }
        if !users.is_empty() {
            levels.insert("users".to_owned(), json!(users));
        }
        (!levels.is_empty()).then_some(Value::Object(levels))
    }
}

impl State {
    fn into_initial(self) -> Result<Raw<AnyInitialStateEvent>, Error> {
        raw(json!({
            "type": self.event_type,
            "state_key": self.state_key,
            "content": self.content,
        }))
    }
}

/// Returns whether the creators of rooms of this version have all rights. An unknown version counts
/// as a newer one.
pub(super) fn creators_are_privileged(version: &RoomVersionId) -> bool {
    version.rules().is_none_or(|rules| rules.authorization.explicitly_privilege_room_creators)
}

fn raw<T>(value: Value) -> Result<Raw<T>, Error> {
    let json = serde_json::value::to_raw_value(&value);
    Ok(Raw::from_json(json.map_err(|error| Error::Unsendable(Box::new(error)))?))
}

const FULL_POWER: i64 = 100;

#[cfg(test)]
mod tests {
    use ruma::{owned_user_id, user_id};

    use super::*;

    fn portal() -> NewRoom {
        NewRoom {
            name: Some("小明".to_owned()),
            alias_localpart: Some("wechat_1".to_owned()),
            invite: vec![owned_user_id!("@alice:b.org")],
            is_direct: true,
            additional_creators: vec![owned_user_id!("@bot:b.org")],
            power: RoomPower {
                users: [
                    (owned_user_id!("@alice:b.org"), 50),
                    (owned_user_id!("@ghost:b.org"), 100),
                    (owned_user_id!("@bot:b.org"), 100),
                ]
                .into(),
                events: [("m.room.name".to_owned(), 0)].into(),
                other: [("invite".to_owned(), 50)].into(),
            },
            initial_state: vec![functional_members(&[user_id!("@bot:b.org")])],
            preset: Some(RoomPreset::PrivateChat),
            ..NewRoom::default()
        }
    }

    fn body(room: NewRoom, version: RoomVersionId) -> Value {
        use ruma::api::{OutgoingRequest, auth_scheme::SendAccessToken};
        let request = room.into_request(user_id!("@ghost:b.org"), version).unwrap();
        let supported = std::borrow::Cow::Owned(ruma::api::SupportedVersions {
            versions: [ruma::api::MatrixVersion::V1_1].into(),
            features: Default::default(),
        });
        let token = SendAccessToken::Always("t");
        let http = request.try_into_http_request::<Vec<u8>>("http://b.org", token, supported);
        serde_json::from_slice(http.unwrap().body()).unwrap()
    }

    #[test]
    fn in_version_12_creators_have_no_level() {
        let body = body(portal(), RoomVersionId::V12);
        assert_eq!(body["creation_content"], json!({ "additional_creators": ["@bot:b.org"] }));
        assert_eq!(
            body["power_level_content_override"],
            json!({
                "users": { "@alice:b.org": 50 },
                "events": { "m.room.name": 0 },
                "invite": 50,
            })
        );
        assert_eq!(body["room_version"], "12");
        assert_eq!(
            body["initial_state"],
            json!([{
                "type": "io.element.functional_members",
                "state_key": "",
                "content": { "service_members": ["@bot:b.org"] },
            }])
        );
        assert_eq!(body["room_alias_name"], "wechat_1");
        assert_eq!(body["is_direct"], true);
        assert_eq!(body["preset"], "private_chat");
    }

    #[test]
    fn before_version_12_creators_are_in_the_list_of_users() {
        let body = body(portal(), RoomVersionId::V11);
        assert_eq!(body.get("creation_content"), None);
        assert_eq!(
            body["power_level_content_override"]["users"],
            json!({ "@alice:b.org": 50, "@bot:b.org": 100, "@ghost:b.org": 100 })
        );
    }

    #[test]
    fn a_room_without_wishes_leaves_the_levels_alone() {
        for version in [RoomVersionId::V11, RoomVersionId::V12] {
            let expected = json!({ "room_version": version });
            assert_eq!(body(NewRoom::default(), version), expected);
        }
    }

    #[test]
    fn a_space_says_so_when_it_is_made() {
        let space = NewRoom { is_space: true, ..portal() };
        let creation = &body(space, RoomVersionId::V12)["creation_content"];
        let expected = json!({ "additional_creators": ["@bot:b.org"], "type": "m.space" });
        assert_eq!(*creation, expected);
    }

    #[test]
    fn an_unknown_version_is_a_newer_one() {
        assert!(creators_are_privileged(&RoomVersionId::try_from("13").unwrap()));
        assert!(!creators_are_privileged(&RoomVersionId::V6));
    }

    #[test]
    fn the_bridge_state_comes_under_both_names() {
        let [stable, old] = bridge_info(&Bridged {
            state_key: "org.example.bridge/1",
            bot: user_id!("@bot:b.org"),
            creator: user_id!("@alice:b.org"),
            protocol: "wechat",
            protocol_name: "WeChat",
            channel: "abc",
            channel_name: Some("小明"),
        });
        assert_eq!((stable.event_type, stable.state_key), ("m.bridge".to_owned(), old.state_key));
        assert_eq!(old.event_type, "uk.half-shot.bridge");
        assert_eq!(stable.content, old.content);
        assert_eq!(stable.content["bridgebot"], "@bot:b.org");
        assert_eq!(stable.content["channel"], json!({ "id": "abc", "displayname": "小明" }));
    }
}
