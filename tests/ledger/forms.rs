//! Each kind of message in each of its forms: plain, as a reply, as an edit of what was sent, and
//! where it cannot be read; with what the phone shows of it. And each kind of item, plain and
//! quoting.

use ilink_simulator::{Kind, Shown};
use matrix_appservice_wechat::store::SourceState;
use serde_json::{Value, json};

use crate::{
    from_matrix::{event, said},
    homeserver::PNG,
    world::{World, name_of},
};

/// How a form ends, and what the phone shows of it.
type Form = (&'static str, &'static [&'static str]);

/// A kind of message and its forms.
struct Row {
    kind: &'static str,
    content: Value,
    plain: Form,
    reply: Form,
    edit: Form,
    /// The form with a file, or the whole of it, as ciphertext.
    unreadable: Form,
}

const GONE: Form = ("refused edit", &[]);
const SECRET: Form = ("refused encrypted", &[]);
const SECRET_FILE: Form = ("refused file_encrypted", &[]);
const UNKNOWN: Form = ("refused other", &[]);

#[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
fn rows() -> Vec<Row> {
    let text = |kind, content: Value, plain: Form, reply, edit| Row {
        kind,
        content,
        plain,
        reply,
        edit,
        unreadable: SECRET,
    };
    let file = |kind, shown: &'static [&'static str], reply| {
        let url = json!("mxc://test.example/file");
        let content = json!({ "body": "a.bin", "url": url, "info": {} });
        Row {
            kind,
            content,
            plain: ("delivered", shown),
            reply: ("delivered", reply),
            edit: GONE,
            unreadable: SECRET_FILE,
        }
    };
    let item = |name: &str| json!({ "itemtype": "m.image", "body": name, "url": format!("mxc://test.example/{name}") });
    let html = "<p>see <a href=\"https://a.example\">this</a>:</p><ul><li>1 &lt; 2</li></ul>";
    let place = json!({ "body": "the café", "geo_uri": "geo:39.9,116.4" });
    let captioned =
        json!({ "body": "my <cat>", "filename": "a.bin", "url": "mxc://test.example/file" });
    vec![
        text(
            "m.text",
            json!({ "body": "hi" }),
            ("delivered", &["hi"]),
            ("delivered", &["「first」\nhi"]),
            ("delivered", &["✏️ hi"]),
        ),
        text(
            "m.text",
            json!({ "body": "x", "format": "org.matrix.custom.html", "formatted_body": html }),
            ("delivered", &["see this (https://a.example):\n\n• 1 ＜ 2"]),
            ("delivered", &["「first」\nsee this (https://a.example):\n\n• 1 ＜ 2"]),
            ("delivered", &["✏️ see this (https://a.example):\n\n• 1 ＜ 2"]),
        ),
        text(
            "m.text",
            json!({
                "body": "@bob:test.example: hi", "m.mentions": { "user_ids": ["@bob:test.example"] },
            }),
            ("delivered", &["bob: hi"]),
            ("delivered", &["「first」\nbob: hi"]),
            ("delivered", &["✏️ bob: hi"]),
        ),
        text(
            "m.text",
            json!({
                "body": "Zed: hi",
                "m.per_message_profile": { "id": "z", "displayname": "Zed", "has_fallback": true },
            }),
            ("delivered", &["Zed: hi"]),
            ("delivered", &["「first」\nZed: hi"]),
            ("delivered", &["✏️ Zed: hi"]),
        ),
        text(
            "m.emote",
            json!({ "body": "waves" }),
            ("delivered", &["* owner waves"]),
            ("delivered", &["「first」\n* owner waves"]),
            ("delivered", &["✏️ * owner waves"]),
        ),
        text(
            "m.notice",
            json!({ "body": "beep" }),
            ("delivered", &["beep"]),
            ("delivered", &["「first」\nbeep"]),
            ("delivered", &["✏️ beep"]),
        ),
        text(
            "m.location",
            place,
            (
                "delivered",
                &[
                    "📍 the café\n39.9, 116.4\nhttps://uri.amap.com/marker?position=116.4,39.9&coordinate=wgs84",
                ],
            ),
            (
                "delivered",
                &[
                    "「first」\n📍 the café\n39.9, 116.4\nhttps://uri.amap.com/marker?position=116.4,39.9&coordinate=wgs84",
                ],
            ),
            (
                "delivered",
                &[
                    "✏️ 📍 the café\n39.9, 116.4\nhttps://uri.amap.com/marker?position=116.4,39.9&coordinate=wgs84",
                ],
            ),
        ),
        text(
            "nic.custom.confetti",
            json!({ "body": "hooray" }),
            ("delivered", &["hooray"]),
            ("delivered", &["「first」\nhooray"]),
            ("delivered", &["✏️ hooray"]),
        ),
        text("m.server_notice", json!({ "body": "pay" }), UNKNOWN, UNKNOWN, UNKNOWN),
        text("org.example.card", json!({ "body": "" }), UNKNOWN, UNKNOWN, UNKNOWN),
        file("m.image", &["Image"], &["「first」", "Image"]),
        file("m.video", &["File"], &["「first」", "File"]),
        file("m.audio", &["File"], &["「first」", "File"]),
        file("m.file", &["File"], &["「first」", "File"]),
        Row {
            kind: "m.image",
            content: captioned,
            plain: ("delivered", &["my ＜cat＞", "Image"]),
            reply: ("delivered", &["「first」\nmy ＜cat＞", "Image"]),
            edit: ("delivered", &["✏️ my ＜cat＞"]),
            unreadable: SECRET_FILE,
        },
        text(
            "dm.filament.gallery",
            json!({ "body": "two", "itemtypes": [item("a"), item("b")] }),
            ("delivered", &["two", "Image", "Image"]),
            ("delivered", &["「first」\ntwo", "Image", "Image"]),
            ("delivered", &["✏️ two"]),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_form_of_each_kind_has_its_end_and_shows_what_it_should() {
    let mut world = World::start().await;
    world.open_window().await;
    let room = world.room.clone();
    for (id, body) in [("$first", "first"), ("$edited", "to be edited")] {
        world.push_event(&said(id, &room, json!({ "body": body }))).await;
        world.settle().await;
    }
    let mut ends = Vec::new();
    for (number, row) in rows().into_iter().enumerate() {
        world.open_window().await;
        let of = |form: &str| format!("$row{number}-{form}");
        let mut content = row.content.clone();
        content["msgtype"] = json!(row.kind);
        let message =
            |form: &str, content: Value| event(&of(form), &room, "m.room.message", content);
        let mut reply = content.clone();
        reply["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": "$first" } });
        let edit = json!({
            "msgtype": row.kind, "body": "* x", "m.new_content": content,
            "m.relates_to": { "rel_type": "m.replace", "event_id": "$edited" },
        });
        let cipher = json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x" });
        let mut sealed = content.clone();
        let unreadable = match sealed.as_object_mut().and_then(|fields| fields.remove("url")) {
            Some(url) => {
                sealed["file"] = json!({ "url": url, "key": {} });
                message("unreadable", sealed)
            }
            None => event(&of("unreadable"), &room, "m.room.encrypted", cipher),
        };
        for (event, (end, expected)) in [
            (message("plain", content), row.plain),
            (message("reply", reply), row.reply),
            (message("edit", edit), row.edit),
            (unreadable, row.unreadable),
        ] {
            let before = world.phone.shows().len();
            world.push_event(&event).await;
            world.settle().await;
            let shown: Vec<_> = world.phone.shows().into_iter().skip(before).collect();
            let shown: Vec<_> = shown.iter().map(screen).collect();
            assert_eq!(shown, expected, "{event}");
            ends.push((event["event_id"].as_str().unwrap().to_owned(), end));
        }
    }
    let (_, ledger) = world.end().await;
    for (event, end) in ends {
        let Some(SourceState::Finished { outcome, .. }) = ledger.end_of(&event) else {
            panic!("{event} has no end");
        };
        assert_eq!(name_of(&outcome), end, "{event}");
    }
}

/// Returns what stands on the phone: the words of a text, else the kind.
fn screen(shown: &Shown) -> String {
    match shown.kind {
        Kind::Text => shown.text.clone(),
        kind @ (Kind::Image | Kind::Voice | Kind::File | Kind::Video | Kind::Other) => {
            format!("{kind:?}")
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_item_comes_plain_and_as_an_answer() {
    let world = World::start().await;
    let phone = &world.phone;
    let first = phone.says("first").await;
    let media = |kind: i64, name: &str| json!({ "type": kind, name: { "media": {} } });
    let rows = [
        (json!({ "type": 1, "text_item": { "text": "hi" } }), "m.text", "hi"),
        (media(2, "image_item"), "m.notice", "🖼 An image arrived"),
        (media(3, "voice_item"), "m.notice", "🎤 A voice message arrived"),
        (media(4, "file_item"), "m.notice", "📎 A file arrived"),
        (media(5, "video_item"), "m.notice", "🎬 A video arrived"),
        (json!({ "type": 8 }), "m.notice", "❔ A message of an unknown kind (8)"),
    ];
    for (item, ..) in &rows {
        phone.sends_item(item.clone()).await;
        for quote in [
            json!({ "svr_id": first }),
            json!({ "svr_id": 7, "title": "Mum", "message_item": item }),
        ] {
            let mut quoting = item.clone();
            quoting["ref_msg"] = quote;
            phone.sends_item(quoting).await;
        }
    }
    phone.sends_image(PNG).await;
    world.settle().await;
    let ghost = world.ghost.clone();
    let (homeserver, _) = world.end().await;
    let calls = homeserver.calls();
    let said =
        calls.iter().filter(|call| call.user == ghost && call.sends("m.room.message").is_some());
    let said: Vec<_> = said.map(|call| &call.body).collect();
    assert_eq!(said.len(), 1 + 3 * rows.len() + 1);
    for (three, (item, msgtype, words)) in said[1..].chunks(3).zip(&rows) {
        let [plain, answer, unknown] = three else { panic!("{item}") };
        for content in three {
            assert_eq!(content["msgtype"], *msgtype, "{item}");
            assert!(content["body"].as_str().unwrap().contains(words), "{content}");
        }
        let replies = |content: &Value| !content["m.relates_to"]["m.in_reply_to"].is_null();
        assert_eq!([plain, answer, unknown].map(|content| replies(content)), [false, true, false]);
        assert!(unknown["body"].as_str().unwrap().starts_with("> Mum"), "{unknown}");
        assert!(unknown["formatted_body"].as_str().unwrap().starts_with("<blockquote>Mum"));
    }
    assert_eq!(said.last().unwrap()["msgtype"], "m.image");
}
