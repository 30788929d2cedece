//! The search for the bridge's own reactions whose ids are not known.

use ruma::{
    EventId, OwnedEventId, RoomId, UserId,
    api::client::relations::get_relating_events_with_rel_type_and_event_type::v1::Request,
    events::{TimelineEventType, relation::RelationType},
};

use super::{error::Error, intent::Intent, object::Object};

impl Intent {
    /// Returns this user's reaction with this key to an event, when it is among the newest 100.
    pub async fn own_reaction(
        &self,
        room: &RoomId,
        event: &EventId,
        key: &str,
    ) -> Result<Option<OwnedEventId>, Error> {
        let (kind, of_type) = (RelationType::Annotation, TimelineEventType::Reaction);
        let mut request = Request::new(room.to_owned(), event.to_owned(), kind, of_type);
        request.limit = Some(MOST.into());
        let answer = self.homeserver().request(request, self.identity()).await?;
        Ok(answer.chunk.iter().find_map(|raw| reaction_of(self.user(), key, raw.json().get())))
    }
}

/// Returns the id of an event that is a reaction of this user with this key.
fn reaction_of(user: &UserId, key: &str, json: &str) -> Option<OwnedEventId> {
    let event = Object::parse(json)?;
    let relation = event.object("content")?.object("m.relates_to")?;
    let is_it = event.text("sender")? == user.as_str() && relation.text("key")? == key;
    is_it.then(|| event.id("event_id")).flatten()
}

const MOST: u32 = 100;

#[cfg(test)]
mod tests {
    use ruma::user_id;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_own_reaction_with_the_key_is_found() {
        let event = |sender: &str, key: &str| {
            let relation = json!({ "rel_type": "m.annotation", "event_id": "$1", "key": key });
            json!({ "event_id": "$2", "sender": sender, "content": { "m.relates_to": relation } })
        };
        let find = |event: serde_json::Value| {
            reaction_of(user_id!("@bot:b.org"), "⏳", &event.to_string())
        };
        assert_eq!(find(event("@bot:b.org", "⏳")).unwrap(), "$2");
        assert_eq!(find(event("@bob:b.org", "⏳")), None);
        assert_eq!(find(event("@bot:b.org", "❔")), None);
        for odd in [json!(null), json!({}), json!({ "sender": 7, "content": [] })] {
            assert_eq!(find(odd), None);
        }
    }
}
