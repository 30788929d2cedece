//! The profile of a single message (MSC4144), which names another speaker than the account. Bots of
//! other bridges use it, and people with several names.

use crate::matrix::object::Object;

/// The profile that an event carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name, never empty; `None` when it is the account's.
    pub name: Option<String>,
    /// Whether the text begins with the name, for clients that do not support profiles.
    has_fallback: bool,
}

impl Profile {
    /// Reads the profile of an event's content. An edit may have it only in its new content.
    pub(super) fn of_event(content: &Object<'_>) -> Option<Self> {
        Self::read(content).or_else(|| Self::read(&content.object("m.new_content")?))
    }

    /// Reads the profile of a content; `None` when there is none with a name or an id.
    pub(super) fn read(content: &Object<'_>) -> Option<Self> {
        KEYS.iter().find_map(|key| {
            let profile = content.object(key)?;
            let name = profile.text("displayname").filter(|name| !name.is_empty());
            let says_something = name.is_some() || profile.text("id").is_some();
            says_something.then(|| Self { name, has_fallback: profile.flag("has_fallback") })
        })
    }

    /// Returns a plain text without the name before it; `None` when the name is not there.
    pub(super) fn without_name(&self, body: &str) -> Option<String> {
        let before = format!("{}: ", self.repeated()?);
        if let Some(said) = body.strip_prefix(&before) {
            return Some(said.to_owned());
        }
        // Older clients put the quoted message of a reply before the name.
        let (quoted, said) =
            body.split_once("\n\n").filter(|(quoted, _)| quoted.starts_with('>'))?;
        Some(format!("{quoted}\n\n{}", said.strip_prefix(&before)?))
    }

    /// Returns HTML without the element that repeats the name; `None` when there is none.
    pub(super) fn without_name_in_html(&self, html: &str) -> Option<String> {
        self.repeated()?;
        html.match_indices(ELEMENT).take(MOST_ELEMENTS).find_map(|(from, element)| {
            let (attributes, inside) = html.get(from + element.len()..)?.split_once('>')?;
            let is_mark = |attribute: &str| attribute.split('=').next() == Some(MARK);
            let is_name = attributes.starts_with(char::is_whitespace)
                && attributes.split_whitespace().any(is_mark);
            let (_, after) = inside.split_once("</strong>").filter(|_| is_name)?;
            Some(format!("{}{after}", html.get(..from)?))
        })
    }

    /// Returns the name, if the text repeats it.
    fn repeated(&self) -> Option<&str> {
        self.name.as_deref().filter(|_| self.has_fallback)
    }
}

/// The key of a profile, in the two spellings of MSC4144.
pub const KEYS: [&str; 2] = ["com.beeper.per_message_profile", "m.per_message_profile"];
const ELEMENT: &str = "<strong";
const MARK: &str = "data-mx-profile-fallback";
/// The number of elements that are searched for the name: it stands at the beginning, or behind the
/// quote of a reply.
const MOST_ELEMENTS: usize = 20;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(content: &Value) -> Option<Profile> {
        Profile::of_event(&Object::parse(&content.to_string()).unwrap())
    }

    fn named(name: &str, has_fallback: bool) -> Profile {
        Profile { name: Some(name.to_owned()), has_fallback }
    }

    #[test]
    fn a_profile_is_read_in_both_spellings_and_from_an_edit() {
        let cat = json!({ "id": "meow", "displayname": "cat", "has_fallback": true });
        for key in KEYS {
            assert_eq!(read(&json!({ key: cat })), Some(named("cat", true)));
            assert_eq!(read(&json!({ "m.new_content": { key: cat } })), Some(named("cat", true)));
        }
        let nobody = json!({ "m.per_message_profile": { "id": "meow", "displayname": "" } });
        assert_eq!(read(&nobody), Some(Profile { name: None, has_fallback: false }));
        let odd = json!({ "displayname": "cat", "has_fallback": "yes", "avatar_url": 7 });
        let two = json!({ KEYS[0]: {}, KEYS[1]: odd });
        assert_eq!(read(&two), Some(named("cat", false)));
    }

    #[test]
    fn what_is_no_profile_is_none() {
        for profile in [
            json!(null),
            json!(7),
            json!("cat"),
            json!([]),
            json!({}),
            json!({ "displayname": ["cat"], "id": 1, "has_fallback": true }),
        ] {
            assert_eq!(read(&json!({ KEYS[0]: profile })), None, "{profile}");
        }
    }

    #[test]
    fn the_name_before_a_text_is_taken_away_where_it_stands() {
        for (body, said) in [
            ("cat: hi", Some("hi")),
            ("cat: cat: hi", Some("cat: hi")),
            ("> <@a:b.c> dog: hi\n\ncat: hi", Some("> <@a:b.c> dog: hi\n\nhi")),
            ("cat:hi", None),
            ("Cat: hi", None),
            ("a\n\ncat: hi", None),
            ("", None),
        ] {
            assert_eq!(named("cat", true).without_name(body).as_deref(), said, "{body:?}");
        }
        assert_eq!(named("cat", false).without_name("cat: hi"), None);
    }

    #[test]
    fn the_element_with_the_name_is_taken_out_of_html() {
        for (html, said) in [
            ("<strong data-mx-profile-fallback>cat: </strong>hi", Some("hi")),
            (
                "<p><strong data-mx-profile-fallback=\"\">&lt;cat: </strong>hi</p>",
                Some("<p>hi</p>"),
            ),
            (
                "<strong>no</strong> <strong class=x data-mx-profile-fallback>c</strong>hi",
                Some("<strong>no</strong> hi"),
            ),
            ("<strong>cat: </strong>hi", None),
            ("<strongdata-mx-profile-fallback>cat: </strong>hi", None),
            ("<strong data-mx-profile-fallback-not>cat: </strong>hi", None),
            ("<strong data-mx-profile-fallback>cat: hi", None),
            ("<strong data-mx-profile-fallback", None),
        ] {
            let without = named("cat", true).without_name_in_html(html);
            assert_eq!(without.as_deref(), said, "{html}");
        }
        let html = "<strong data-mx-profile-fallback>cat: </strong>hi";
        assert_eq!(named("cat", false).without_name_in_html(html), None);
    }
}
