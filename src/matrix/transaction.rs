//! The transactions that the homeserver pushes, split into unparsed events.

use serde_json::value::RawValue;

use super::object::Object;

/// A pushed transaction, with unparsed events in order of arrival.
#[derive(Debug)]
pub struct Transaction {
    /// The homeserver's id of the transaction, equal when the push is repeated. It may be reused
    /// for other events: a Synapse on SQLite counts from 1 again after each restart. The ids of the
    /// events tell which of them are known.
    pub id: String,
    /// The events of rooms, in order. They are parsed later, so a bad one does not affect the
    /// others.
    pub events: Vec<Box<RawValue>>,
    /// Typing notifications, receipts and presence, which are never pushed again.
    pub ephemeral: Vec<Box<RawValue>>,
}

/// The reason why a body is no transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// The body is not JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// The body is JSON, but not an object.
    #[error("the body is not a JSON object")]
    NotObject,
}

impl Transaction {
    /// Reads a pushed body. A list that is missing or malformed counts as empty.
    pub fn parse(id: impl Into<String>, body: &[u8]) -> Result<Self, BadBody> {
        let json: &RawValue = serde_json::from_slice(body).map_err(|_| BadBody::NotJson)?;
        let fields = Object::parse(json.get()).ok_or(BadBody::NotObject)?;
        let list = |key| fields.list(key).into_iter().map(ToOwned::to_owned);
        let ephemeral = list("ephemeral").chain(list("de.sorunome.msc2409.ephemeral"));
        Ok(Self { id: id.into(), events: list("events").collect(), ephemeral: ephemeral.collect() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matrix::event;

    fn events(body: &str) -> Vec<String> {
        let transaction = Transaction::parse("1", body.as_bytes()).unwrap();
        transaction.events.iter().map(|event| event.get().to_owned()).collect()
    }

    #[test]
    fn each_event_is_kept_as_it_came_and_in_order() {
        let body = r#"{"events": [{"a": 1.0, "a": 2}, "odd", null, {"b":"\ud800"}], "x": {}}"#;
        assert_eq!(
            events(body),
            [r#"{"a": 1.0, "a": 2}"#, r#""odd""#, "null", r#"{"b":"\ud800"}"#]
        );
    }

    #[test]
    fn without_events_there_are_none() {
        for body in ["{}", r#"{"events":null}"#, r#"{"events":{}}"#, r#"{"events":[]}"#] {
            assert!(events(body).is_empty(), "{body}");
        }
    }

    #[test]
    fn ephemeral_events_come_under_either_name() {
        for key in ["ephemeral", "de.sorunome.msc2409.ephemeral"] {
            let body = format!(r#"{{"{key}":[{{"type":"m.typing"}}]}}"#);
            assert_eq!(Transaction::parse("1", body.as_bytes()).unwrap().ephemeral.len(), 1);
        }
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        let refusal = |body: &[u8]| Transaction::parse("1", body).unwrap_err();
        assert_eq!(refusal(b""), BadBody::NotJson);
        assert_eq!(refusal(b"{\"events\":["), BadBody::NotJson);
        assert_eq!(refusal(b"{} {}"), BadBody::NotJson);
        assert_eq!(refusal(b"\xff"), BadBody::NotJson);
        assert_eq!(refusal(b"[]"), BadBody::NotObject);
        assert_eq!(refusal(b"null"), BadBody::NotObject);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_transaction_or_refused(body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200).boxed(),
            r#"\{"events":\[(\{"type":"[a-z.]{0,9}",?[\[\]\{\}",:0-9\\un]{0,20}\}?,?){0,3}\]?\}"#
                .prop_map(String::into_bytes)
                .boxed(),
        ]) {
            for raw in Transaction::parse("1", &body).iter().flat_map(|pushed| &pushed.events) {
                let _ = event::parse(raw);
            }
        }
    }
}
