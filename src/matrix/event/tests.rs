use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn event(event_type: &str, content: Value) -> Value {
    json!({
        "type": event_type,
        "event_id": "$e",
        "room_id": "!opaque",
        "sender": "@alice:b.org",
        "origin_server_ts": 1_700_000_000_123_i64,
        "content": content,
    })
}

fn state(event_type: &str, key: &str, content: Value) -> Value {
    let mut event = event(event_type, content);
    event["state_key"] = key.into();
    event
}

fn read(event: &Value) -> Result<Event, MalformedEvent> {
    parse(&serde_json::value::to_raw_value(event).unwrap())
}

fn kind(event: Value) -> Kind {
    read(&event).unwrap().kind
}

fn message_of(content: Value) -> Message {
    let kind = kind(event("m.room.message", content));
    let Kind::Message(message) = kind else { panic!("{kind:?}") };
    message
}

/// Returns the type of an event of an unknown kind, and whether it is a state event.
fn other(event: Value) -> (String, bool) {
    let kind = kind(event);
    let Kind::Other { event_type, is_state } = kind else { panic!("{kind:?}") };
    (event_type, is_state)
}

#[test]
fn an_event_has_its_envelope() {
    let event = read(&event("m.room.message", json!({ "msgtype": "m.text", "body": "hi" })));
    let event = event.unwrap();
    assert_eq!(event.id, "$e");
    assert_eq!(event.room, "!opaque");
    assert_eq!(event.sender, "@alice:b.org");
    assert_eq!(event.at, Timestamp(1_700_000_000_123));
}

#[test]
fn the_name_of_a_profile_is_in_neither_text() {
    let profile = json!({ "id": "1", "displayname": "Zed", "has_fallback": true });
    let html = "<strong data-mx-profile-fallback>Zed: </strong><b>hi</b>";
    let named = json!({
        "msgtype": "m.text", "body": "Zed: hi", "format": "org.matrix.custom.html",
        "formatted_body": html, "com.beeper.per_message_profile": profile,
    });
    let event = read(&event("m.room.message", named.clone())).unwrap();
    assert_eq!(event.profile.unwrap().name.as_deref(), Some("Zed"));
    let edit = json!({
        "msgtype": "m.text", "body": "* Zed: hi", "m.new_content": named,
        "m.relates_to": { "rel_type": "m.replace", "event_id": "$1" },
    });
    for message in [message_of(named.clone()), *message_of(edit).edits.unwrap().new] {
        assert_eq!((message.body.as_str(), message.html.as_deref()), ("hi", Some("<b>hi</b>")));
    }
    // The name stays in the text when the profile does not say that the text repeats it.
    let mut plain = named;
    plain["com.beeper.per_message_profile"] = json!({ "id": "1", "displayname": "Zed" });
    let message = message_of(plain);
    assert_eq!((message.body.as_str(), message.html.as_deref()), ("Zed: hi", Some(html)));
}

#[test]
fn a_file_is_called_by_its_name_and_not_by_that_of_a_profile() {
    let file = |body: &str, filename: Option<&str>| {
        let mut content = json!({
            "msgtype": "m.image", "body": body, "url": "mxc://b.org/1",
            "m.per_message_profile": { "id": "1", "displayname": "Zed", "has_fallback": true },
        });
        content["filename"] = filename.into();
        let message = message_of(content);
        let caption = message.caption().map(str::to_owned);
        (message.attachment.unwrap().name, caption)
    };
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(file("Zed: a.png", None), (name("a.png"), None));
    assert_eq!(file("Zed: ", None), (None, None));
    assert_eq!(file("Zed: a.png", Some("a.png")), (name("a.png"), None));
    assert_eq!(file("Zed: look", Some("a.png")), (name("a.png"), name("look")));
    assert_eq!(file("Zed: ", Some("a.png")), (name("a.png"), None));
    assert_eq!(file("look", Some("a.png")), (name("a.png"), name("look")));
}

#[test]
fn a_live_location_is_told_by_its_beginning() {
    let share = |event_type: &str, live: Value| {
        let content = json!({ "live": live, "timeout": 600_000, "description": "on my way" });
        state(event_type, "@alice:b.org", content)
    };
    for event_type in ["m.beacon_info", "org.matrix.msc3672.beacon_info"] {
        assert!(matches!(kind(share(event_type, json!(true))), Kind::LiveLocation));
        for end in [json!(false), json!(null), json!("true"), json!(1)] {
            assert_eq!(other(share(event_type, end)), (event_type.to_owned(), true));
        }
        // Without a state key it is not a state event.
        let stray = event(event_type, json!({ "live": true }));
        assert_eq!(other(stray), (event_type.to_owned(), false));
    }
    assert_eq!(other(event("m.beacon", json!({}))), ("m.beacon".to_owned(), false));
}

#[test]
fn without_an_envelope_there_is_no_event() {
    for field in ["type", "event_id", "room_id", "sender"] {
        for wrong in [Value::Null, json!(5), json!({}), json!("")] {
            if field == "type" && wrong == "" {
                continue;
            }
            let mut event = event("m.room.message", json!({}));
            event[field] = wrong;
            assert_eq!(read(&event).unwrap_err(), MalformedEvent(field));
        }
    }
    assert_eq!(read(&json!([])).unwrap_err(), MalformedEvent("object"));
}

#[test]
fn a_bad_time_or_content_does_not_spoil_an_event() {
    for wrong in [Value::Null, json!("x"), json!(1.5), json!([[]])] {
        let mut event = event("m.room.message", wrong.clone());
        event["origin_server_ts"] = wrong;
        let event = read(&event).unwrap();
        assert_eq!(event.at, Timestamp(0));
        assert!(matches!(event.kind, Kind::Other { .. }));
    }
}

#[test]
fn a_text_has_a_body_and_perhaps_html() {
    let plain = message_of(json!({ "msgtype": "m.text", "body": "hi", "formatted_body": "x" }));
    assert_eq!((plain.msgtype.as_str(), plain.body.as_str(), plain.html), ("m.text", "hi", None));
    let formatted = message_of(json!({
        "msgtype": "m.text", "body": "hi", "format": HTML, "formatted_body": "<b>hi</b>",
    }));
    assert_eq!(formatted.html.as_deref(), Some("<b>hi</b>"));
}

#[test]
fn one_wrong_field_leaves_the_others() {
    let content = json!({ "msgtype": "m.text", "body": 5, "m.relates_to": [], "geo_uri": {} });
    let message = message_of(content.clone());
    assert_eq!((message.msgtype.as_str(), message.body.as_str()), ("m.text", ""));
    assert_eq!(serde_json::from_str::<Value>(message.content.get()).unwrap(), content);
}

#[test]
fn a_lone_surrogate_costs_only_its_own_field() {
    let raw = r#"{"type":"m.room.message","event_id":"$e","room_id":"!r","sender":"@a:b.org",
        "content":{"msgtype":"m.text","body":"\ud800","x\ud800":1}}"#;
    let raw = RawValue::from_string(raw.to_owned()).unwrap();
    assert!(matches!(parse(&raw).unwrap().kind, Kind::Other { .. }));
    let raw = raw.get().replace(r#","x\ud800":1"#, "");
    let event = parse(&RawValue::from_string(raw).unwrap()).unwrap();
    assert!(matches!(event.kind, Kind::Message(message) if message.body.is_empty()));
}

#[test]
fn a_reply_is_a_reply_unless_a_thread_needs_one() {
    let reply = json!({ "m.in_reply_to": { "event_id": "$q" } });
    let message = message_of(json!({ "msgtype": "m.text", "body": "", "m.relates_to": reply }));
    assert_eq!(message.reply_to.unwrap(), "$q");
    for (fallback, expected) in [(true, None), (false, Some("$q"))] {
        let relation = json!({
            "rel_type": "m.thread", "event_id": "$root", "is_falling_back": fallback,
            "m.in_reply_to": { "event_id": "$q" },
        });
        let content = json!({ "msgtype": "m.text", "body": "", "m.relates_to": relation });
        let message = message_of(content);
        assert_eq!(message.thread.unwrap(), "$root");
        assert_eq!(message.reply_to.as_ref().map(|id| id.as_str()), expected);
    }
}

#[test]
fn an_edit_carries_its_new_form() {
    let relation = json!({ "rel_type": "m.replace", "event_id": "$old" });
    let new = json!({ "msgtype": "m.text", "body": "two" });
    let content = json!({
        "msgtype": "m.text", "body": "* two", "m.new_content": new, "m.relates_to": relation,
    });
    let edit = message_of(content).edits.unwrap();
    assert_eq!((edit.of.as_str(), edit.new.body.as_str()), ("$old", "two"));
    assert!(edit.new.edits.is_none());
    let content = json!({ "msgtype": "m.text", "body": "* two", "m.relates_to": relation });
    assert_eq!(message_of(content).edits.unwrap().new.body, "* two");
}

#[test]
fn an_edited_message_says_what_it_says_now_and_answers_what_it_did() {
    let relation = json!({ "rel_type": "m.replace", "event_id": "$e" });
    let new = json!({ "msgtype": "m.text", "body": "two" });
    let edit = json!({ "msgtype": "m.text", "body": "* two", "m.new_content": new, "m.relates_to": relation });
    let reply = json!({ "m.in_reply_to": { "event_id": "$q" } });
    let old = json!({ "msgtype": "m.text", "body": "one", "m.relates_to": reply });
    let mut old = event("m.room.message", old);
    old["unsigned"] = json!({ "m.relations": { "m.replace": event("m.room.message", edit) } });
    let raw = serde_json::value::to_raw_value(&old).unwrap();
    let Kind::Message(message) = parse_latest(&raw).unwrap().kind else { panic!() };
    assert_eq!((message.body.as_str(), message.reply_to.unwrap().as_str()), ("two", "$q"));
    old["unsigned"] = json!({ "m.relations": { "m.replace": {} } });
    let raw = serde_json::value::to_raw_value(&old).unwrap();
    let Kind::Message(message) = parse_latest(&raw).unwrap().kind else { panic!() };
    assert_eq!(message.body, "one");
}

#[test]
fn a_redacted_message_is_no_message() {
    assert_eq!(other(event("m.room.message", json!({}))), ("m.room.message".to_owned(), false));
}

#[test]
fn reactions_redactions_and_ciphertext_are_known() {
    let relation = json!({ "rel_type": "m.annotation", "event_id": "$m", "key": "👍" });
    let thumb = kind(event("m.reaction", json!({ "m.relates_to": relation })));
    assert!(matches!(thumb, Kind::Reaction { of, key } if of == "$m" && key == "👍"));
    let mut old = event("m.room.redaction", json!({}));
    old["redacts"] = "$m".into();
    for redaction in [old, event("m.room.redaction", json!({ "redacts": "$m" }))] {
        assert!(matches!(kind(redaction), Kind::Redaction { of } if of == "$m"));
    }
    assert!(matches!(kind(event("m.room.encrypted", json!({}))), Kind::Encrypted));
    let sticker = kind(event("m.sticker", json!({ "body": "cat", "url": "mxc://b.org/1" })));
    let Kind::Sticker(sticker) = sticker else { panic!("{sticker:?}") };
    let file = sticker.attachment.as_ref().unwrap();
    assert_eq!((sticker.body.as_str(), file.kind), ("cat", attachment::AttachmentKind::Sticker));
    assert_eq!((sticker.caption(), file.name.as_deref()), (Some("cat"), None));
    for body in
        ["", " ", "cat.webp", "Sticker", "mxc://b.org/1", "6f1ed002ab5595859014ebf0951522d9"]
    {
        let sticker = kind(event("m.sticker", json!({ "body": body, "url": "mxc://b.org/1" })));
        let Kind::Sticker(sticker) = sticker else { panic!("{sticker:?}") };
        assert_eq!(sticker.caption(), None, "{body}");
    }
}

#[test]
fn the_body_of_a_file_is_its_name_or_its_caption() {
    for (body, filename, name, caption) in [
        ("a.png", None, Some("a.png"), None),
        ("a.png", Some("a.png"), Some("a.png"), None),
        ("a.png", Some(""), Some("a.png"), None),
        ("my cat", Some("a.png"), Some("a.png"), Some("my cat")),
        ("", Some("a.png"), Some("a.png"), None),
        ("", None, None, None),
    ] {
        let message = message_of(json!({
            "msgtype": "m.image", "body": body, "filename": filename, "url": "mxc://b.org/1",
        }));
        assert_eq!(message.caption(), caption, "{body} {filename:?}");
        assert_eq!(message.attachment.unwrap().name.as_deref(), name, "{body} {filename:?}");
    }
    let text = message_of(json!({ "msgtype": "m.text", "body": "hi", "filename": "a.png" }));
    assert_eq!(text.caption(), None);
}

#[test]
fn a_membership_says_whose_it_is_and_what_it_was() {
    let content = json!({ "membership": "invite", "is_direct": true });
    let mut event = state("m.room.member", "@bot:b.org", content);
    event["unsigned"] = json!({ "prev_content": { "membership": "leave" } });
    let Kind::Membership(change) = kind(event) else { panic!() };
    let expected = Membership {
        user: OwnedUserId::try_from("@bot:b.org").unwrap(),
        now: MembershipState::Invite,
        before: Some(MembershipState::Leave),
        is_direct: true,
    };
    assert_eq!(change, expected);
    let odd = state("m.room.member", "not a user", json!({ "membership": "join" }));
    assert_eq!(other(odd), ("m.room.member".to_owned(), true));
    let newer = state("m.room.member", "@bot:b.org", json!({ "membership": "lurk" }));
    let Kind::Membership(change) = kind(newer) else { panic!() };
    assert_eq!(change.now, MembershipState::Other);
}

#[test]
fn a_picture_of_a_room_is_a_file_of_the_homeserver_or_none() {
    let picture = |content| kind(state("m.room.avatar", "", content));
    let set = picture(json!({ "url": "mxc://b.org/1", "info": 5 }));
    assert!(matches!(set, Kind::RoomPicture(Some(url)) if url == "mxc://b.org/1"));
    for none in [json!({}), json!({ "url": "" }), json!({ "url": null })] {
        assert!(matches!(picture(none), Kind::RoomPicture(None)));
    }
    for odd in [json!({ "url": "https://b.org/1.png" }), json!({ "url": 5 }), json!("x")] {
        let odd = state("m.room.avatar", "", odd);
        assert_eq!(other(odd), ("m.room.avatar".to_owned(), true));
    }
    let of_somebody = state("m.room.avatar", "@alice:b.org", json!({ "url": "mxc://b.org/1" }));
    assert_eq!(other(of_somebody), ("m.room.avatar".to_owned(), true));
}

#[test]
fn names_and_tombstones_count_only_as_state() {
    let named = |content| kind(state("m.room.name", "", content));
    assert!(matches!(named(json!({ "name": "x" })), Kind::RoomName(Some(name)) if name == "x"));
    assert!(matches!(named(json!({ "name": "" })), Kind::RoomName(None)));
    assert!(matches!(named(json!({})), Kind::RoomName(None)));
    assert_eq!(
        other(event("m.room.name", json!({ "name": "x" }))),
        ("m.room.name".to_owned(), false)
    );
    let tombstone = state("m.room.tombstone", "", json!({ "replacement_room": "!next" }));
    let Kind::Tombstone { replacement } = kind(tombstone) else { panic!() };
    assert_eq!(replacement.unwrap(), "!next");
}

const HTML: &str = crate::matrix::content::HTML;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(Value::from("@alice:b.org")),
        Just(Value::from("m.replace")),
        Just(Value::from("m.image")),
        Just(Value::from("mxc://b.org/1")),
        Just(Value::from("$e")),
    ];
    let key = prop_oneof![
        Just("msgtype".to_owned()),
        Just("body".to_owned()),
        Just("info".to_owned()),
        Just("url".to_owned()),
        Just("file".to_owned()),
        Just("membership".to_owned()),
        Just("m.relates_to".to_owned()),
        Just("m.new_content".to_owned()),
        Just("rel_type".to_owned()),
        Just("event_id".to_owned()),
        Just("m.in_reply_to".to_owned()),
        ".{0,4}",
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_content_of_any_type_is_read_as_some_event(
        content in any_json(),
        unsigned in any_json(),
        key in prop::option::of(any_json()),
        event_type in prop::sample::select(vec![
            "m.room.message", "m.sticker", "m.reaction", "m.room.redaction", "m.room.encrypted",
            "m.room.member", "m.room.name", "m.room.tombstone", "org.example.new",
        ]),
    ) {
        let mut event = event(event_type, content);
        event["unsigned"] = unsigned;
        if let Some(key) = key {
            event["state_key"] = key;
        }
        prop_assert!(read(&event).is_ok());
    }

    #[test]
    fn any_json_is_an_event_or_malformed(json in any_json()) {
        let _ = read(&json);
    }
}
