//! The bridge and a user's logins, in the form of the API.

use ruma::{OwnedRoomId, OwnedServerName, OwnedUserId};
use serde_json::{Value, json};

/// The bridge as one user sees it.
#[derive(Debug, Clone)]
pub struct Whoami {
    /// The name of the homeserver.
    pub homeserver: OwnedServerName,
    /// The bridge's bot.
    pub bot: OwnedUserId,
    /// The prefix of a command.
    pub command_prefix: String,
    /// The user's management room.
    pub management_room: Option<OwnedRoomId>,
    /// The user's logins, oldest first, without those from which the user logged out.
    pub logins: Vec<LinkedContact>,
}

/// A linked contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedContact {
    /// The login's number in the store.
    pub id: u32,
    /// The owner's name for the contact.
    pub name: String,
    /// The state of the login.
    pub standing: Standing,
    /// The time at which that state was seen, in seconds since 1970-01-01 UTC.
    pub seen: i64,
}

/// The state of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// WeChat answers the polls.
    Connected,
    /// WeChat has not answered for a while.
    Silent,
    /// WeChat ended the session; the contact has to be linked again.
    Ended,
}

impl Whoami {
    pub(super) fn whoami(&self) -> Value {
        let logins: Vec<_> = self.logins.iter().map(LinkedContact::json).collect();
        let mut body = json!({
            "network": {
                "displayname": "WeChat",
                "network_url": "https://www.wechat.com",
                "network_icon": "",
                "network_id": "wechat",
                "beeper_bridge_type": env!("CARGO_PKG_NAME"),
            },
            "login_flows": flows(),
            "homeserver": self.homeserver,
            "bridge_bot": self.bot,
            "command_prefix": self.command_prefix,
            "logins": logins,
        });
        if let (Some(room), Some(body)) = (&self.management_room, body.as_object_mut()) {
            body.insert("management_room".into(), json!(room));
        }
        body
    }
}

impl LinkedContact {
    fn json(&self) -> Value {
        let mut state = json!({ "state_event": self.standing.event(), "timestamp": self.seen });
        if let (Standing::Ended, Some(state)) = (self.standing, state.as_object_mut()) {
            state.insert("error".into(), json!("wechat-session-expired"));
            state.insert(
                "message".into(),
                json!("WeChat ended the session; link the contact again."),
            );
        }
        json!({
            "id": self.id.to_string(),
            "name": self.name,
            "profile": { "name": self.name },
            "state": state,
            "state_event": self.standing.event(),
            "state_ts": self.seen,
        })
    }
}

impl Standing {
    /// Returns the state as the mautrix bridges write it.
    fn event(self) -> &'static str {
        match self {
            Self::Connected => "CONNECTED",
            Self::Silent => "TRANSIENT_DISCONNECT",
            Self::Ended => "BAD_CREDENTIALS",
        }
    }
}

/// Returns the ways to link a contact.
pub(super) fn flows() -> Value {
    json!([{
        "id": FLOW,
        "name": "QR code",
        "description": "Let the contact scan a QR code with WeChat.",
    }])
}

pub(super) const FLOW: &str = "qr";
