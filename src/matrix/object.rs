//! A JSON object from outside, read leniently.
//!
//! Fields are read one by one, so one bad field does not affect the others. Null, a missing field
//! and a field of another type all count as absent.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The fields of an object, whose values are not parsed yet.
#[derive(Debug, Default)]
pub(super) struct Object<'a>(HashMap<String, &'a RawValue>);

impl<'a> Object<'a> {
    /// Reads the fields of `json`; `None` when it is not an object. Of a repeated key the last one
    /// counts.
    pub(super) fn parse(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }

    /// Returns whether there is no field at all.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the unparsed value of a field.
    pub(super) fn raw(&self, key: &str) -> Option<&'a RawValue> {
        self.0.get(key).copied().filter(|raw| raw.get() != "null")
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.read(key)
    }

    pub(super) fn integer(&self, key: &str) -> Option<i64> {
        self.read(key)
    }

    /// Returns a text that is also a valid Matrix id of the wanted kind.
    pub(super) fn id<T: TryFrom<String>>(&self, key: &str) -> Option<T> {
        T::try_from(self.text(key)?).ok()
    }

    /// Returns whether the field is `true`.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.read(key) == Some(true)
    }

    pub(super) fn object(&self, key: &str) -> Option<Self> {
        Self::parse(self.raw(key)?.get())
    }

    /// Returns the unparsed elements of a list; empty when the field is no list.
    pub(super) fn list(&self, key: &str) -> Vec<&'a RawValue> {
        let list = self.raw(key).and_then(|raw| serde_json::from_str(raw.get()).ok());
        list.unwrap_or_default()
    }

    fn read<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.raw(key)?.get()).ok()
    }
}
